"""Options of the commands that read tables of readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cyclopts import Parameter

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.settings_sources import LoadedSettings
from ksys_core.sources.tabular.layout import Options


@dataclass(frozen=True, slots=True)
@Parameter(name="*")
class TableOptions:
    """How the files are read; what is not given is found out.

    Attributes:
        time: header of the time column.
        zone: time zone of times without an offset, such as Europe/Rome; the plant's zone when not given.
        layout: wide (one column a tag) or long (ts, tag, value[, quality]).
        delimiter: separator of the columns; "tab" for a tab.
        decimal: decimal sign, "." or ",".
        time_format: form of the times as of strptime, "%d/%m/%Y %H:%M".
    """

    time: str | None = None
    zone: str | None = None
    layout: Literal["auto", "wide", "long"] = "auto"
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    time_format: Annotated[str | None, Parameter(name="--format")] = None

    def options(self) -> Options:
        """The same for the reader."""
        delimiter = "\t" if self.delimiter in ("tab", "\\t") else self.delimiter
        if delimiter is not None and len(delimiter) != 1:
            raise KnownError("import.delimiter", N_("The delimiter is one character, or tab."))
        layout = None if self.layout == "auto" else self.layout
        return Options(self.time, layout, delimiter, self.decimal, self.time_format)

    def zone_of(self, loaded: LoadedSettings) -> ZoneInfo:
        """The zone of the file's clock."""
        if self.zone is None:
            return loaded.settings.zone
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            text = N_("{zone} is no time zone of the IANA list, such as Asia/Seoul.")
            raise KnownError("import.zone", text, zone=self.zone) from error


TABLE = TableOptions()
