"""The journal as its table writes it, and the times of the alarm list: decimals, milliseconds, delays, wrong clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt

from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import HOUR, MILLISECOND, SECOND
from ksys_core.services.alarms_journal import JournalEntry
from ksys_hmi.models.alarm_columns import AlarmColumns
from ksys_hmi.models.alarm_rows import JournalColumns
from tests.unit.test_alarm_book import BLANK

SEOUL = ZoneInfo("Asia/Seoul")
AT = 15 * HOUR + 123 * MILLISECOND
ENTRY = JournalEntry(
    event_id=1, alarm_id=1, sensor_id=7, tag="AT-7", area="RO", alarm_kind="HH", kind="ACT", source=AT, detected=AT,
    recorded=AT, actor="service", station="", reason="", value=0.0042, limit=0.004, priority=1, occurrence=1,
    isa_from="NORM", isa_to="UNACK",
)  # fmt: skip


def cell(
    title: str, entry: JournalEntry, sensors: Sequence[Sensor] = (), role: int = Qt.ItemDataRole.DisplayRole
) -> str:
    model = JournalColumns(SEOUL, lambda: {sensor.sensor_id: sensor for sensor in sensors}).model()
    model.show_rows([entry])
    column = [each.title for each in model.columns].index(title)
    return str(model.data(model.index(0, column), role))


def test_value_and_limit_have_the_decimals_of_their_tag() -> None:
    sensors = [Sensor(7, "AT-7", decimals=4)]
    assert (cell("Value", ENTRY, sensors), cell("Limit", ENTRY, sensors)) == ("0.0042", "0.0040")
    assert cell("Value", ENTRY) == "0.00", "its tag is no more"
    assert cell("Limit", replace(ENTRY, limit=None), sensors) == ""
    assert cell("Limit", replace(ENTRY, alarm_kind="FLAT", limit=600.0), sensors) == "600 s"


def test_times_are_told_apart_to_the_millisecond() -> None:
    assert cell("Time", ENTRY) == "1970-01-02 00:00:00.123"
    assert cell("Time", replace(ENTRY, source=AT + MILLISECOND)) == "1970-01-02 00:00:00.124"


@pytest.mark.parametrize(("delay", "text"), [(0, ""), (MILLISECOND // 2, ""), (5 * SECOND, "00:00:05.123")])
def test_when_its_delay_was_over_is_shown_where_it_differs(delay: int, text: str) -> None:
    entry = replace(ENTRY, detected=AT + delay)
    assert cell("Detected", entry) == text
    tip = cell("Time", entry, role=Qt.ItemDataRole.ToolTipRole)
    assert ("Detected after its delay: 1970-01-02 00:00:05.123" in tip) is bool(text)


@pytest.mark.parametrize(("ahead", "marked"), [(-HOUR, False), (0, False), (3 * SECOND, False), (4 * SECOND, True)])
def test_what_was_recorded_before_it_happened_is_marked(ahead: int, marked: bool) -> None:
    entry = replace(ENTRY, source=AT + ahead, recorded=AT)
    assert cell("Time", entry).endswith(" ⚠") is marked
    tip = cell("Time", entry, role=Qt.ItemDataRole.ToolTipRole)
    assert ("Recorded at 1970-01-02 00:00:00.123, before it happened" in tip) is marked


@pytest.mark.parametrize(
    ("detected", "tip"),
    [
        (AT, "1970-01-02 00:00:00.123"),
        (AT + 5 * SECOND, "1970-01-02 00:00:00.123\nDetected after its delay: 1970-01-02 00:00:05.123"),
    ],
)
def test_the_list_says_when_the_limit_was_crossed_and_when_that_was_detected(detected: int, tip: str) -> None:
    columns = AlarmColumns(SEOUL, lambda: AT, dict).active()
    since = next(column for column in columns if column.title == "Since")
    assert since.tooltip is not None
    assert since.tooltip(replace(BLANK, active_since=AT, detected=detected)) == tip
