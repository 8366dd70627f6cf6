"""Alarms as the HMI reads them, and what operators do with them. The service evaluates: `alarms_evaluator`."""

from __future__ import annotations

from typing import Final

from ksys_core.domain.alarms.rows import LISTED, UNACKNOWLEDGED, AlarmRow
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_journal import JournalEntry, JournalFilter, JournalPage, Key, journal
from ksys_core.store.alarms_active import (
    AlarmSummary,
    AlarmTable,
    SensorAlarm,
    alarm_states_for_sensors,
    load_active,
    summary,
)
from ksys_core.store.alarms_desk import (
    AlarmKey,
    Outcome,
    acknowledge,
    comment,
    confirm,
    note_classes,
    remove_from_service,
    reset,
    return_to_service,
    set_note_classes,
    shelve,
    silence,
    unacknowledge,
    unshelve,
)
from ksys_core.store.alarms_journal import journal_breaks

__all__ = [
    "LISTED",
    "UNACKNOWLEDGED",
    "AlarmKey",
    "AlarmRow",
    "AlarmSummary",
    "AlarmTable",
    "JournalEntry",
    "JournalFilter",
    "JournalPage",
    "Key",
    "Outcome",
    "SensorAlarm",
    "acknowledge",
    "alarm_states_for_sensors",
    "comment",
    "confirm",
    "describe",
    "journal",
    "journal_breaks",
    "load_active",
    "note_classes",
    "remove_from_service",
    "reset",
    "return_to_service",
    "set_note_classes",
    "shelve",
    "silence",
    "summary",
    "unacknowledge",
    "unshelve",
]

_SAID: Final = {
    "acked": N_("Acknowledged."),
    "done": N_("Done."),
    "already": N_("{by} was first."),
    "newer": N_("It has sounded again since it was displayed: please look again."),
    "normal": N_("There is nothing to acknowledge."),
    "single": N_("A highly managed alarm is acknowledged by itself, not together with others."),
    "note": N_("Its class needs a note: Ctrl+J."),
    "hidden": N_("It is shelved, suppressed or out of service."),
    "refused": N_("Its state or its definition does not allow this."),
    "unknown": N_("The alarm no longer exists."),
}


def describe(outcome: Outcome) -> str:
    """One sentence on what happened to one alarm, in the user's language."""
    return tr(_SAID[outcome.result], by=outcome.by or "")
