"""The tree of areas with 100,000 nodes: built, first painted, and with 500 changed counts.

``python -m tests.benchmarks.alarm_tree [--json] [--areas N]``

The reference is a QStandardItemModel with the same nodes in the same tree view and the same run. A tenth of the areas
have alarms. Paths and roll-up are worked out beside the screen; the others are times of the GUI's thread, until the
tree is painted.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QTreeView

from ksys_core.store.alarms_areas import AreaCount
from ksys_hmi import style
from ksys_hmi.models.area_roll_up import AreaRollUp, paths_of, roll_up
from ksys_hmi.models.area_tree import ROLL_UP
from ksys_hmi.widgets.navigation import AreaTree
from tests.benchmarks.report import line, parser

CHANGED, UPDATES = 500, 20
STATES = ("UNACK", "ACKED", "RTNUN", "SHLVD")


def areas(number: int) -> list[str]:
    """Paths of leaves: units of a hundred trains of a hundred stages."""
    return [f"Unit {k // 10_000}/Train {k // 100 % 100}/Stage {k % 100}" for k in range(number)]


def counts_in(leaves: list[str], draw: random.Random) -> dict[str, AreaCount]:
    """Alarms in a tenth of the areas."""
    chosen = draw.sample(leaves, len(leaves) // 10)
    return {area: AreaCount(area, draw.randint(1, 4), draw.choice(STATES), draw.randint(1, 5)) for area in chosen}


def took(*works: Callable[[], object]) -> float:
    """Milliseconds of one after another."""
    start = time.perf_counter()
    for work in works:
        work()
    return 1000 * (time.perf_counter() - start)


def painted(view: QTreeView) -> None:
    """Until the view shows what its model has."""
    QApplication.processEvents()
    view.viewport().repaint()


def changed(counts: dict[str, AreaCount], draw: random.Random) -> dict[str, AreaCount]:
    """`counts` with other numbers and states in 500 areas."""
    chosen = draw.sample(list(counts), CHANGED)
    news = {area: replace(counts[area], n=draw.randint(1, 9), isa=draw.choice(STATES)) for area in chosen}
    return counts | news


def ours(leaves: list[str]) -> dict[str, float]:
    """Milliseconds of our tree."""
    draw = random.Random(3)
    counts = counts_in(leaves, draw)
    tree = AreaTree()
    tree.resize(240, 700)
    found: dict[str, float] = {}

    def update(rolled: Mapping[str, AreaRollUp]) -> None:
        tree.show_areas(paths, rolled)
        painted(tree)

    started = time.perf_counter()
    paths = paths_of(leaves)
    found["paths_ms"] = 1000 * (time.perf_counter() - started)
    rolled = roll_up(counts.values())
    found["build_ms"] = took(lambda: tree.show_areas(paths, rolled))
    found["first_paint_ms"] = took(tree.show, partial(painted, tree))
    first = tree.model().index(0, 0)
    found["open_ms"] = took(
        lambda: tree.expand(first), lambda: tree.expand(tree.model().index(0, 0, first)), partial(painted, tree)
    )
    updates, rolls = [], []
    for _ in range(UPDATES):
        counts = changed(counts, draw)
        started = time.perf_counter()
        rolled = roll_up(counts.values(), rolled)
        rolls.append(1000 * (time.perf_counter() - started))
        updates.append(took(partial(update, rolled)))
    found["roll_up_ms"] = statistics.median(rolls)
    found["update_ms"], found["worst_update_ms"] = statistics.median(updates), max(updates)
    found["open_all_ms"] = took(tree.expandAll, partial(painted, tree))
    found["update_all_open_ms"] = took(partial(update, roll_up(changed(counts, draw).values(), rolled)))
    found["nodes"] = len(paths)
    return found


def reference(leaves: list[str]) -> dict[str, float]:
    """Milliseconds of QStandardItemModel: built, painted, and 500 items set anew."""
    draw = random.Random(3)
    counts = counts_in(leaves, draw)
    model, view = QStandardItemModel(), QTreeView()
    items: dict[str, QStandardItem] = {}

    rolled, paths = roll_up(counts.values()), paths_of(leaves)

    def build() -> None:
        for path in paths:
            above, _, name = path.rpartition("/")
            item = items[path] = QStandardItem(name)
            item.setData(rolled.get(path), ROLL_UP)
            (items[above] if above else model.invisibleRootItem()).appendRow(item)
        view.setModel(model)

    def update(news: Mapping[str, AreaRollUp]) -> None:
        for path, area in news.items():
            if items[path].data(ROLL_UP) != area:
                items[path].setData(area, ROLL_UP)

    view.resize(240, 700)
    view.setUniformRowHeights(True)
    found = {"build_ms": took(build)}
    found["first_paint_ms"] = took(view.show, partial(painted, view))
    found["update_ms"] = took(partial(update, roll_up(changed(counts, draw).values())), partial(painted, view))
    return found


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--areas", type=int, default=100_000)
    options = given.parse_args()
    app = QApplication([])
    style.apply(app, "day")
    leaves = areas(options.areas)
    mine, other = ours(leaves), reference(leaves)
    line(
        "alarm_tree",
        mine["update_ms"],
        "ms",
        other["update_ms"],
        as_json=options.json,
        **{name: round(value, 1) for name, value in mine.items()},
        **{f"reference_{name}": round(value, 1) for name, value in other.items()},
        compared_with="QStandardItemModel with the same nodes",
    )


if __name__ == "__main__":
    main()
