"""Named sets of pens of each person, in one JSON file of the data folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from ksys_core.errors import KnownError
from ksys_core.i18n import N_

_LAST: Final = ""
"""Name under which the pens that were shown last are kept."""


class PenSets:
    """Sets of one person. A file that can't be read counts as empty; it is replaced as a whole."""

    def __init__(self, path: Path, user: str) -> None:
        self._path = path
        self._user = user

    def names(self) -> list[str]:
        """Names of the sets, sorted."""
        return sorted(name for name in self._own(self._read()) if name != _LAST)

    def tags(self, name: str = _LAST) -> list[str]:
        """Tags of a set; of what was shown last without a name."""
        return self._own(self._read()).get(name, [])

    def save(self, tags: list[str], name: str = _LAST) -> None:
        """Keep a set, replacing one of this name; `KnownError` when the file can't be written."""
        everyone = self._read()
        everyone[self._user] = {**self._own(everyone), name: tags}
        self._write(everyone)

    def delete(self, name: str) -> None:
        """Forget a set."""
        everyone = self._read()
        everyone[self._user] = {key: tags for key, tags in self._own(everyone).items() if key != name}
        self._write(everyone)

    def _own(self, everyone: dict[str, dict[str, list[str]]]) -> dict[str, list[str]]:
        return everyone.get(self._user, {})

    def _read(self) -> dict[str, dict[str, list[str]]]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {
            str(user): {str(name): [str(tag) for tag in tags] for name, tags in sets.items() if isinstance(tags, list)}
            for user, sets in found.items()
            if isinstance(sets, dict)
        }

    def _write(self, everyone: dict[str, dict[str, list[str]]]) -> None:
        part = self._path.with_name(self._path.name + ".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(everyone, ensure_ascii=False, indent=1), "utf-8")
            os.replace(part, self._path)
        except OSError as error:
            raise KnownError(
                "trend.pen_sets", N_("{file} can't be written: {reason}"), file=str(self._path), reason=error.strerror
            ) from error
