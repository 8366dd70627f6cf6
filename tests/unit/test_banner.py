"""Roll-up of alarms over the areas: the foremost mark and the counts of everything below."""

from __future__ import annotations

from ksys_core.domain.tags import Sensor
from ksys_core.store.alarms_areas import AreaCount
from ksys_hmi.presenters.banner import AreaRollUp, Count, area_paths, roll_up


def test_areas_and_those_above_them() -> None:
    sensors = {n: Sensor(n, f"T{n}", area=area) for n, area in enumerate(("RO/Stage 2", "RO/Stage 1", "Feed", ""))}
    assert area_paths(sensors) == ("Feed", "RO", "RO/Stage 1", "RO/Stage 2")


def test_unacknowledged_goes_before_a_higher_acknowledged_priority() -> None:
    counts = (
        AreaCount("RO/Stage 1", 1, "ACKED", 2),
        AreaCount("RO/Stage 1", 3, "RTNUN", 1),
        AreaCount("RO/Stage 2", 2, "UNACK", 1),
        AreaCount("RO/Stage 2", 4, "SHLVD", 5),
        AreaCount("ROOF", 1, "UNACK", 7),
    )
    assert roll_up(("RO", "RO/Stage 1", "RO/Stage 2", "Tank"), counts) == (
        AreaRollUp("RO", Count(unacked=2, active=3, shelved=5), 2, "UNACK"),
        AreaRollUp("RO/Stage 1", Count(unacked=1, active=2), 3, "RTNUN"),
        AreaRollUp("RO/Stage 2", Count(unacked=1, active=1, shelved=5), 2, "UNACK"),
        AreaRollUp("Tank"),
    )
