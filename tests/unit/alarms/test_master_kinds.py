"""Alarms of every kind in the master alarm table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ksys_core.domain.alarms.definition import KINDS
from ksys_core.domain.alarms.master import MasterRecord
from ksys_core.domain.alarms.master_check import check, check_changes
from ksys_core.domain.alarms.master_diff import compare, written_of
from tests.unit.alarms.test_master import MATRIX, TAGS


@pytest.mark.parametrize("kind", KINDS)
def test_an_alarm_of_each_kind_stands_and_may_be_added_and_changed_by_a_file(kind: str) -> None:
    record = MasterRecord("PT-3", kind, limit=None if kind == "SOURCE" else 3.0, reference_tag="PT-2" * (kind == "DEV"))
    assert check_changes([record], [], TAGS, MATRIX) == {}
    cells = {name: written_of(record, name) for name in ("tag", "kind", "limit", "reference_tag")}
    (added,) = compare(list(cells), [(2, list(cells.values()))], {}, TAGS, MATRIX).rows
    assert (added.status, added.becomes) == ("added", record)
    cells["owner"] = "kim"
    (changed,) = compare(list(cells), [(2, list(cells.values()))], {record.key: record}, TAGS, MATRIX).rows
    assert (changed.status, changed.becomes) == ("changed", replace(record, owner="kim"))


def test_a_deviation_without_its_set_point_is_told_there_and_once() -> None:
    assert [problem.field for problem in check(MasterRecord("PT-1", "DEV", limit=5.0), TAGS, MATRIX)] == [
        "reference_tag"
    ]
