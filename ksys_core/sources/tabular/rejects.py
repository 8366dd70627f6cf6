"""What of a file was not taken, and why."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TextIO

from ksys_core.i18n import N_, tr

NO_TIME: Final = N_("no time")
BAD_TIME: Final = N_("not a time")
MISSING_HOUR: Final = N_("this hour does not exist: the clock was put forward")
BAD_NUMBER: Final = N_("not a number")
NOT_FINITE: Final = N_("not a finite number")
BAD_QUALITY: Final = N_("not a quality code")
NO_TAG: Final = N_("no tag")
UNKNOWN_TAG: Final = N_("unknown tag")
COLUMNS: Final = N_("another number of columns than the header")
OUT_OF_RANGE: Final = N_("a time that can't be right")


@dataclass(frozen=True, slots=True)
class Reject:
    """A row or a cell left out.

    Attributes:
        line: line of the file, 1 is the first.
        column: header of the cell; empty for the whole row.
        value: its text.
        reason: English text marked for translation.
    """

    line: int
    column: str
    value: str
    reason: str


class RejectFile(AbstractContextManager["RejectFile"]):
    """A CSV with the rejected rows and cells; made only when there is one.

    Attributes:
        count: rejects so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: TextIO | None = None

    def write(self, rejects: Iterable[Reject]) -> None:
        """Append `rejects`."""
        for reject in rejects:
            if self._file is None:
                self._open()
            assert self._file is not None
            row = (reject.line, reject.column, reject.value, tr(reject.reason))
            csv.writer(self._file, lineterminator="\n").writerow(row)
            self.count += 1

    def _open(self) -> None:
        self._file = self.path.open("w", encoding="utf-8-sig", newline="")
        csv.writer(self._file, lineterminator="\n").writerow(("line", "column", "value", "reason"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._file is not None:
            self._file.close()
