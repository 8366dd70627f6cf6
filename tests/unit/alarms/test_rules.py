"""Rules of suppression: how they stand from instant to instant, whatever the cuts; what their inputs' age means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.alarms.rules import (
    Outlook,
    PlacedRule,
    RuleStatus,
    Standing,
    condition_of,
    outlook,
    with_staleness,
)
from ksys_core.domain.expressions import ExpressionError
from ksys_core.domain.quality import BAD, GOOD, UNCERTAIN
from ksys_core.domain.series import Series


def rule(text: str, hold_off: int = 5) -> PlacedRule:
    return PlacedRule(1, condition_of(text), hold_off, np.arange(3))


def judged(rule: PlacedRule, *readings: tuple[int, float, int], grid: list[int], standing: Standing) -> Outlook:
    """One tag A."""
    t, v, q = zip(*readings, strict=True)
    return outlook((rule,), {1: standing}, {"A": Series.of(t, v, q)}, np.array(grid, np.int64))


@pytest.mark.parametrize(
    ("before", "t", "truth", "after"),
    [
        (("off", 0), 3, True, ("on", 3)),
        (("on", 3), 4, True, ("on", 3)),
        (("on", 3), 6, False, ("holding", 6)),
        (("holding", 6), 10, False, ("holding", 6)),
        (("holding", 6), 11, False, ("off", 11)),
        (("holding", 6), 20, False, ("off", 11)),
        (("holding", 6), 8, True, ("on", 8)),
        (("on", 3), 5, None, ("lost", 5)),
        (("holding", 6), 7, None, ("lost", 7)),
        (("lost", 5), 9, None, ("lost", 5)),
        (("lost", 5), 9, True, ("on", 9)),
        (("lost", 5), 9, False, ("off", 9)),
        (("on", 9), 9, False, ("on", 9)),
        (("broken", 0), 9, True, ("broken", 0)),
    ],
)
def test_standings(before: tuple[RuleStatus, int], t: int, truth: bool | None, after: tuple[RuleStatus, int]) -> None:
    assert Standing(*before).after(t, truth, 5) == Standing(*after)


def test_without_a_hold_off_it_ends_at_once() -> None:
    assert Standing("on", 1).after(2, False, 0) == Standing("off", 2)


def test_uncertain_inputs_count_bad_ones_do_not() -> None:
    readings = [(0, 1.0, UNCERTAIN), (10, 1.0, BAD), (20, 1.0, GOOD), (30, 0.0, GOOD)]
    on, off = frozenset({1}), frozenset[int]()
    found = judged(rule("A == 1"), *readings, grid=[0, 10, 20, 30, 34, 35], standing=Standing())
    assert found.changes == ((0, on), (10, off), (20, on), (35, off))


def test_a_tag_that_is_gone_breaks_its_rule_and_suppresses_nothing() -> None:
    broken = PlacedRule(1, None, 0, np.arange(3))
    found = outlook((broken,), {1: Standing("broken")}, {}, np.array([1, 2], np.int64))
    assert (found.changes, found.standings[1].status) == ((), "broken")


def test_an_input_goes_stale_between_two_readings_that_lie_too_far_apart() -> None:
    series = with_staleness(Series.of([0, 10, 50], [1.0, 2.0, 3.0]), 30)
    assert series.t.tolist() == [0, 10, 41, 50]
    assert series.quality.tolist() == [GOOD, GOOD, BAD, GOOD]
    assert with_staleness(Series.empty(), 30).t.tolist() == []


@pytest.mark.parametrize("text", ["", "A >", "mean(A, 60) > 1", "1 == 1", "B > 1", "A.__class__", "A; drop table x"])
def test_conditions_that_are_none(text: str) -> None:
    with pytest.raises(ExpressionError):
        condition_of(text, ("A",))


readings = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([0.0, 1.0]), st.sampled_from([GOOD, GOOD, GOOD, BAD])),
    min_size=1,
    max_size=40,
)


@given(readings, st.integers(0, 8), st.data())
def test_the_same_for_every_cut_and_when_readings_are_taken_again(
    steps: list[tuple[int, float, int]], hold_off: int, data: st.DataObject
) -> None:
    t = np.cumsum([step for step, _, _ in steps])
    series = Series.of(t, [v for _, v, _ in steps], [q for _, _, q in steps])
    placed = (rule("A == 1", hold_off),)
    whole = outlook(placed, {}, {"A": series}, t)
    cut = data.draw(st.integers(0, len(t)))
    again = data.draw(st.integers(0, cut))  # where a restart takes up
    first = outlook(placed, {}, {"A": series}, t[:cut])
    second = outlook(placed, first.standings, {"A": series}, t[again:])
    if again == cut:
        assert first.changes + second.changes == whole.changes
    assert second.standings == whole.standings
