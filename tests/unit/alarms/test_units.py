"""What stands beside the value and the limit of an alarm."""

from __future__ import annotations

from dataclasses import fields
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ksys_core.domain.alarms.master import MasterRecord
from ksys_core.domain.alarms.matrix import Derivation
from ksys_core.domain.alarms.rows import AlarmRow
from ksys_core.domain.alarms.units import on_the_axis
from ksys_core.services.alarms_master import MasterAlarm
from ksys_hmi.models.alarm_columns import AlarmColumns
from ksys_hmi.models.master_rows import master_model
from ksys_hmi.presenters.alarm_master import MasterRow
from ksys_hmi.presenters.banner import banner_alarm


def row(kind: str, value: float | None, limit: float | None) -> AlarmRow:
    given: dict[str, Any] = {each.name: None for each in fields(AlarmRow)}
    texts = {"tag": "PT-1", "unit": "bar", "decimals": 2, "description": {}}
    return AlarmRow(**{**given, **texts, "kind": kind, "value": value, "limit": limit})


@pytest.mark.parametrize(
    ("kind", "value", "limit", "in_the_list", "in_the_banner"),
    [
        ("H", 12.0, 10.0, "10.00 bar", "H 10.00  12.00 bar"),
        ("RATE", 12.0, 5.0, "5.00 bar/min", "RATE 5.00  12.00 bar/min"),
        ("DEV", 2.5, 2.0, "2.00 bar", "DEV 2.00  2.50 bar"),
        ("FLAT", 3.0, 600.0, "600 s", "FLAT 600 s  3.00 bar"),
        ("SOURCE", None, None, "----", "SOURCE"),
    ],
)
def test_value_and_limit_are_in_the_unit_of_what_is_compared(
    kind: str, value: float | None, limit: float | None, in_the_list: str, in_the_banner: str
) -> None:
    alarm = row(kind, value, limit)
    columns = AlarmColumns(ZoneInfo("UTC"), lambda: 0, lambda: {})
    (column,) = (each for each in columns.active() if each.title == "Limit")
    assert column.text(alarm) == in_the_list
    assert banner_alarm(alarm).text == in_the_banner


def test_only_values_of_the_tag_are_drawn_beside_its_values() -> None:
    assert [kind for kind in ("HH", "RATE", "DEV", "FLAT", "STATE", "SOURCE") if on_the_axis(kind)] == ["HH", "STATE"]


@pytest.mark.parametrize(
    ("kind", "limit", "unit"), [("H", "10.00", "bar"), ("RATE", "10.00", "bar/min"), ("FLAT", "10", "s")]
)
def test_the_master_table_has_the_unit_of_the_limit(kind: str, limit: str, unit: str) -> None:
    alarm = MasterAlarm(1, 1, 1, 3, "", 0, "", "bar", {}, 2, MasterRecord("PT-1", kind, limit=10.0))
    texts = {column.title: column.text for column in master_model().columns}
    shown = MasterRow(alarm, Derivation(None, None, None), overdue=False)
    assert (texts["Limit"](shown), texts["Unit"](shown)) == (limit, unit)
