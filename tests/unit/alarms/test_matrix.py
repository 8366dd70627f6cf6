"""The priority matrix: its default, its ranges, what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest

from ksys_core.domain.alarms.matrix import PriorityMatrix, derive, matrix_of
from ksys_core.errors import KnownError

MATRIX = PriorityMatrix()


@pytest.mark.parametrize(
    ("severity", "priorities"), [("minor", (None, 3, 3, 2)), ("major", (3, 3, 2, 1)), ("severe", (2, 2, 1, 1))]
)
def test_the_default_after_the_alarm_philosophy(severity: str, priorities: tuple[int | None, ...]) -> None:
    times = (1801.0, 1800.0, 599.0, 179.0)
    assert tuple(MATRIX.priority(severity, t) for t in times) == priorities


@pytest.mark.parametrize(
    ("seconds", "band"), [(1800.1, 0), (1800.0, 1), (600.0, 1), (599.9, 2), (180.0, 2), (179.9, 3), (0.1, 3)]
)
def test_where_the_ranges_end(seconds: float, band: int) -> None:
    assert MATRIX.band(seconds) == band


def test_a_priority_that_cannot_be_derived_is_none() -> None:
    assert derive(MATRIX, None, 60.0, has_action=True).priority is None
    assert derive(MATRIX, "major", None, has_action=True).priority is None
    assert derive(MATRIX, "major", 700.0, has_action=True).objections == ()


@pytest.mark.parametrize(
    ("severity", "response_s", "has_action", "said"),
    [
        ("severe", 120.0, True, "interlock"),
        ("major", 700.0, False, "No corrective action"),
        ("minor", 7200.0, True, "no priority"),
    ],
)
def test_what_is_no_alarm(severity: str, response_s: float, has_action: bool, said: str) -> None:
    (objection,) = derive(MATRIX, severity, response_s, has_action=has_action).objections
    assert said in objection


def test_the_matrix_survives_its_json() -> None:
    assert matrix_of(MATRIX.to_json()) == MATRIX


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"bounds_s": [1800, 600]}, "matrix.form"),
        ({"bounds_s": [600, 1800, 180]}, "matrix.bounds"),
        ({"bounds_s": [600, 180, 0]}, "matrix.bounds"),
        ({"bounds_s": ["a", 1, 2]}, "matrix.form"),
        ({"minor": [None, 3, 3]}, "matrix.form"),
        ({"minor": [None, 3, 3, 9]}, "matrix.priority"),
        ({"minor": [2, 3, 3, 2]}, "matrix.order"),
        ({"severe": [3, 3, 3, 2]}, "matrix.order"),
        ({"major": "3321"}, "matrix.form"),
    ],
)
def test_a_matrix_that_contradicts_itself_is_refused(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(KnownError) as refused:
        matrix_of({**MATRIX.to_json(), **wrong})
    assert refused.value.code == code
