"""Roll-up of alarms over the areas: the foremost mark and the counts of everything below, and the tree of them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from ksys_core.domain.tags import Sensor
from ksys_core.store.alarms_areas import AreaCount
from ksys_hmi.models.area_roll_up import AreaRollUp, Count, area_paths, paths_of, roll_up
from ksys_hmi.models.area_tree import PATH, ROLL_UP, AreaTreeModel


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
        AreaCount("", 1, "UNACK", 1),
        AreaCount("Shelf", 1, "SHLVD", 1),
    )
    assert roll_up(counts) == {
        "RO": AreaRollUp("RO", Count(unacked=2, active=3, shelved=5), 2, "UNACK"),
        "RO/Stage 1": AreaRollUp("RO/Stage 1", Count(unacked=1, active=2), 3, "RTNUN"),
        "RO/Stage 2": AreaRollUp("RO/Stage 2", Count(unacked=1, active=1, shelved=5), 2, "UNACK"),
        "ROOF": AreaRollUp("ROOF", Count(unacked=7, active=7), 1, "UNACK"),
        "Shelf": AreaRollUp("Shelf", Count(shelved=1)),
    }


def test_the_tree_has_every_area_below_the_one_above_it_and_tells_only_changes() -> None:
    tree = AreaTreeModel()
    tester = QAbstractItemModelTester(tree, QAbstractItemModelTester.FailureReportingMode.Fatal)
    paths = ("Feed", "RO", "RO/Stage 1", "RO/Stage 2")
    assert tree.show_areas(paths, {})
    ro = tree.index(1, 0)
    assert [ro.data(), tree.rowCount(ro), tree.index(1, 0, ro).data(PATH)] == ["RO", 2, "RO/Stage 2"]
    assert tree.parent(tree.index(1, 0, ro)) == ro
    told: list[str] = []
    tree.dataChanged.connect(lambda first, *_: told.append(first.data(PATH)))
    urgent = {"RO": AreaRollUp("RO", Count(unacked=1, active=1), 1, "UNACK")}
    assert not tree.show_areas(paths, urgent)
    assert told == ["RO"]
    assert ro.data(ROLL_UP).priority == 1
    assert ro.data(Qt.ItemDataRole.AccessibleTextRole) == "RO: 1 unacknowledged, 1 active, 0 shelved"
    assert tree.show_areas(("Feed",), {})
    assert tree.rowCount(QModelIndex()) == 1
    assert tester.model() is tree


def test_only_areas_whose_roll_up_has_changed_are_drawn_again() -> None:
    counts = [AreaCount(f"Unit {k}/Stage 1", 3, "UNACK", 1) for k in range(50)]
    before = roll_up(counts)
    tree = AreaTreeModel()
    paths = paths_of(count.area for count in counts)
    tree.show_areas(paths, before)
    told: list[str] = []
    tree.dataChanged.connect(lambda first, *_: told.append(first.data(PATH)))
    assert not tree.show_areas(paths, roll_up(counts, before))
    assert told == []
    after = roll_up([*counts[2:], AreaCount("Unit 1/Stage 1", 1, "UNACK", 1)], before)
    assert not tree.show_areas(paths, after)
    assert sorted(told) == ["Unit 0", "Unit 0/Stage 1", "Unit 1", "Unit 1/Stage 1"]
    assert tree.index_of("Unit 0").data(ROLL_UP).priority is None
