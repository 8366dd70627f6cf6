"""Which champions are trained together."""

from __future__ import annotations

from dataclasses import replace

from ksys_core.services import retraining
from ksys_core.store.retraining import Candidate

ONE = Candidate(1, "xgboost_global", 300, 36, 288, {}, 0, 1, {}, frozenset(), frozenset({"a"}), (), False)


def numbers(candidates: list[Candidate]) -> list[list[int]]:
    return [[member.sensor_id for member in pool] for pool in retraining.pools(candidates)]


def sharing(sensor_id: int, *fingerprints: str) -> Candidate:
    return replace(ONE, sensor_id=sensor_id, shared=frozenset(fingerprints))


def test_tags_that_share_no_model_are_trained_one_by_one() -> None:
    assert numbers([sharing(1), sharing(2), sharing(3, "x")]) == [[1], [2], [3]]


def test_a_tag_that_missed_a_night_finds_back() -> None:
    """Sensor 9 has the model of the night before, sensor 2 only that of last night, which 5 has, too."""
    assert numbers([sharing(2, "b"), sharing(4), sharing(5, "a", "b"), sharing(9, "a")]) == [[2, 5, 9], [4]]


def test_late_links_join_pools() -> None:
    assert numbers([sharing(1, "a"), sharing(2, "b"), sharing(3, "c"), sharing(4, "a", "b", "c")]) == [[1, 2, 3, 4]]


def test_what_is_set_up_otherwise_is_trained_otherwise() -> None:
    others = [replace(sharing(2, "a"), horizon=12), replace(sharing(3, "a"), params={"trees": 7}), sharing(4, "a")]
    assert numbers([ONE, *others]) == [[1, 4], [2], [3]]


def test_a_job_has_a_thousand_tags_at_most() -> None:
    many = [sharing(n, "a") for n in range(1, 1502)]
    assert [len(pool) for pool in retraining.pools(many)] == [1000, 501]
