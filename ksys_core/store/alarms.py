"""Everything SQL says about alarms, by the names callers use."""

from ksys_core.domain.alarms.rows import AlarmRow
from ksys_core.store.alarms_active import (
    AlarmSummary,
    AlarmTable,
    SensorAlarm,
    alarm_states_for_sensors,
    load_active,
    summary,
)
from ksys_core.store.alarms_definitions import upsert_definitions
from ksys_core.store.alarms_desk import AlarmKey, Outcome
from ksys_core.store.alarms_journal_pages import JournalEntry, JournalFilter

__all__ = [
    "AlarmKey",
    "AlarmRow",
    "AlarmSummary",
    "AlarmTable",
    "JournalEntry",
    "JournalFilter",
    "Outcome",
    "SensorAlarm",
    "alarm_states_for_sensors",
    "load_active",
    "summary",
    "upsert_definitions",
]
