"""Paths of the plant hierarchy in the order of people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ksys_core.areas import area_order


def test_numbers_are_counted_and_what_is_above_comes_first() -> None:
    found = sorted(["Unit 20", "Unit 3/Train 10", "Unit 3", "a1", "A", "", "Unit 3/Train 9", "RO"], key=area_order)
    assert found == ["", "A", "a1", "RO", "Unit 3", "Unit 3/Train 9", "Unit 3/Train 10", "Unit 20"]


@given(st.text("aA1/ 02", max_size=8), st.text("aA1/ 02", max_size=8))
def test_any_two_paths_have_an_order(one: str, other: str) -> None:
    assert (area_order(one) == area_order(other)) == (one == other)
    assert (area_order(one) < area_order(other)) != (area_order(other) <= area_order(one))
