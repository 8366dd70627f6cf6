"""What has changed of an alarm's record, put into words: for its history, and for the journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ksys_core.domain.alarms.master import BY_NAME, Field
from ksys_core.i18n import N_, tr

_NOTHING: Final = "-"
_FIELD_OF: Final = {
    "class": "alarm_class",
    "group_name": "group",
    "setting": "limit",
    "reference_sensor_id": "reference_tag",
}
"""Fields by the columns of the database that are called otherwise."""
PART_TITLES: Final = {
    "cause": N_("Cause"),
    "consequence": N_("Consequence if nothing is done"),
    "action": N_("Corrective action"),
    "confirmation": N_("How to confirm that it is real"),
    "escalation": N_("Escalation"),
}
"""Titles of the texts that a record has in each language."""
TITLES: Final = {
    **{name: field.title for name, field in BY_NAME.items()},
    **{column: BY_NAME[name].title for column, name in _FIELD_OF.items()},
    **PART_TITLES,
    "priority": N_("Priority"),
}
"""English titles of fields and of the database's columns."""
YES_NO: Final = (N_("yes"), N_("no"))


def field_title(name: str) -> str:
    """The title of a field, or of a column of the database, in the reader's language."""
    return tr(TITLES.get(name, name))


def field_of(column: str) -> Field | None:
    """The field that a column of the database is shown as."""
    return BY_NAME.get(_FIELD_OF.get(column, column))


def change_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Every column of `after` with what it was."""
    return "; ".join(
        f"{field_title(name)}: {_value(name, before.get(name))} → {_value(name, value)}"
        for name, value in after.items()
    )


def _value(name: str, value: Any) -> str:
    if value in (None, "", {}):
        return _NOTHING
    if isinstance(value, dict):
        return " / ".join(str(text) for text in value.values() if text) or _NOTHING
    if isinstance(value, bool):
        return tr(YES_NO[not value])
    if isinstance(value, str):
        field = field_of(name)
        return tr(dict(field.choices).get(value, value)) if field is not None else value
    return f"{value:.12g}" if isinstance(value, float) else json.dumps(value)
