"""Targets of key figures and how the rows of the analytics are written."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from ksys_core.domain.times import MINUTE
from ksys_core.i18n import tr
from ksys_core.services.alarms_figures import Target
from ksys_hmi.models.kpi_rows import FloodRow, PriorityRow, flood_model, priority_model


@pytest.mark.parametrize(
    ("target", "value", "verdict"),
    [
        (Target(150, 300), 150.0, "good"),
        (Target(150, 300), 150.1, "manageable"),
        (Target(150, 300), 300.1, "above"),
        (Target(1, strict=True), 1.0, "above"),
        (Target(1, strict=True), 0.99, "good"),
        (Target(0), 0.0, "good"),
        (Target(0), 1.0, "above"),
    ],
)
def test_a_figure_is_judged_by_its_target(target: Target, value: float, verdict: str) -> None:
    assert target.verdict(value) == verdict


def test_targets_say_whether_the_bound_belongs_to_them() -> None:
    assert (Target(150, 300).text, Target(1, strict=True).text, Target(0).text) == ("≤ 150", "< 1", "0")


def test_times_are_in_minutes_and_what_is_missing_stays_blank() -> None:
    tr.language = "en"
    model = priority_model()
    model.show_rows([PriorityRow(1, 12.34, 5.0, "5", 90.0, 120.0, 4.4, None, None)])
    shown = ["1", "12.3", "5.0", "5", "1.5 min", "2.0 min", "4 %", "", ""]
    assert [model.data(model.index(0, i)) for i in range(9)] == shown


def test_a_flood_that_lasts_says_so() -> None:
    tr.language = "en"
    model = flood_model(ZoneInfo("UTC"))
    model.show_rows([FloodRow(0, None, 60.0, 12, 12, "PT-1 H", "PT-1 H ×12")])
    assert model.data(model.index(0, 1)) == "lasts"
    model.show_rows([FloodRow(0, MINUTE, 60.0, 12, 12, "PT-1 H", "PT-1 H ×12")])
    assert model.data(model.index(0, 1)) == "1 min"
