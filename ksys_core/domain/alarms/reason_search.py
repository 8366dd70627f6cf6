"""Finds reasons by the words that people read, though they are stored as data (`ksys_core.domain.alarms.reasons`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import accumulate
from typing import Final

from ksys_core.areas import area_title
from ksys_core.domain.alarms.change_words import TITLES, YES_NO, field_of
from ksys_core.domain.alarms.reasons import (
    CHANGE_MARK,
    DISABLED,
    HIDDEN_MARK,
    HOLDS_OFF,
    MAINTENANCE_OF,
    NOT_IN_USE,
    WAITS,
    ByMaintenance,
    ByRule,
)
from ksys_core.i18n import LANGUAGES, Translator

Parts = tuple[str, ...]
"""Pieces of a stored reason that follow each other, with anything between them."""
_EACH: Final = tuple(Translator(language) for language in LANGUAGES)
_GAP: Final = re.compile(r"\{\w+\}")


def _names_of(cause: type[ByRule | ByMaintenance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cause))


_NAMES: Final = (
    *(f'"{name}":' for name in ("hidden_by", "over", *_names_of(ByRule), *_names_of(ByMaintenance), *LANGUAGES)),
    *(f'"{name}" :' for name in ("changed", "reason", *TITLES)),
    DISABLED,
)
"""What stands in stored reasons and is not shown; within a value a quotation mark has a backslash before it."""


def as_stored(text: str) -> str:
    """What is typed as it stands within a value of a stored reason."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def names_with(text: str) -> list[str]:
    """What is never shown of stored reasons though it contains `text`."""
    return [name for name in dict.fromkeys(_NAMES) if text.casefold() in name]


def stored_for(text: str, areas: Iterable[str]) -> list[Parts]:
    """What reasons have in them whose words contain `text` in any language, other than what somebody wrote.

    `areas`: paths of areas, whose titles are words, too.
    """
    typed = text.casefold()
    return [*_of_changes(typed), *_of_causes(typed), *_of_areas(typed, areas)]


def _of_changes(typed: str) -> Iterator[Parts]:
    for column, title in TITLES.items():
        field, key = field_of(column), f'"{column}" : ['
        flag = field is not None and field.kind == "flag"
        if _says(typed, title) or (flag and _says(typed, *YES_NO)):
            yield CHANGE_MARK, key
            continue
        for value, word in field.choices if field is not None else ():
            if value and _says(typed, word):
                yield CHANGE_MARK, f'{key}"{value}", '
                yield CHANGE_MARK, key, f', "{value}"]'


def _of_causes(typed: str) -> Iterator[Parts]:
    if _says(typed, MAINTENANCE_OF):
        yield HIDDEN_MARK, '"maintenance": '
    if _says(typed, HOLDS_OFF):
        for digit in range(10):  # null while there is no hold-off
            yield HIDDEN_MARK, f'"hold_off_s": {digit}'
    if _says(typed, WAITS):
        yield HIDDEN_MARK, '"over": true}'
    if _says(typed, NOT_IN_USE):
        yield (DISABLED,)


def _of_areas(typed: str, areas: Iterable[str]) -> Iterator[Parts]:
    above = {path for area in areas for path in accumulate(area.split("/"), "{}/{}".format)}
    for path in sorted(above):
        if any(typed in area_title(path, to).casefold() for to in _EACH):
            yield HIDDEN_MARK, f'"area": "{as_stored(path)}"'


def _says(typed: str, *texts: str) -> bool:
    """Whether any of the English texts contains it, in any language and apart from what is filled in."""
    return any(typed in part.casefold() for text in texts for to in _EACH for part in _GAP.split(to(text)))
