"""The sorted model against sorted(): any batches of changes, with indexes that stay with their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex

from ksys_hmi.models.rows import Column
from ksys_hmi.models.sorted_rows import SortedRowsModel


@dataclass(frozen=True)
class Row:
    key: int
    rank: int
    text: int = 0


Model = SortedRowsModel[Row]
ROWS = st.builds(Row, st.integers(0, 40), st.integers(0, 5), st.integers(0, 3))
BATCHES = st.lists(st.tuples(st.lists(ROWS, max_size=25), st.sets(st.integers(0, 45), max_size=15)), max_size=8)


def order(row: Row) -> tuple[int, int]:
    return row.rank, row.key


def model() -> Model:
    return SortedRowsModel([Column("Key", lambda row: str(row.key))], lambda row: row.key, order)


def watched(made: Model) -> list[str]:
    """Names of the signals that the model sends from now on."""
    seen: list[str] = []
    for name in ("modelReset", "rowsInserted", "rowsRemoved", "layoutChanged", "dataChanged"):
        getattr(made, name).connect(lambda *_args, name=name: seen.append(name))
    return seen


@given(BATCHES)
def test_any_batches_give_what_sorting_anew_gives(batches: list[tuple[list[Row], set[int]]]) -> None:
    made, expected = model(), dict[int, Row]()
    seen = watched(made)
    for changed, gone in batches:
        kept = {row.key: QPersistentModelIndex(made.index(i, 0)) for i, row in enumerate(made.rows)}
        seen.clear()
        gone -= {row.key for row in changed}
        made.change(changed, gone)
        expected.update((row.key, row) for row in changed)
        for key in gone:
            expected.pop(key, None)
        assert list(made.rows) == sorted(expected.values(), key=order)
        assert {key: made.row_of(key) for key in expected} == {row.key: i for i, row in enumerate(made.rows)}
        for key, index in kept.items():
            assert index.isValid() == (key in expected)
            assert not index.isValid() or made.rows[index.row()].key == key, "the index stays with its row"
        assert "modelReset" not in seen
        assert sum(name != "dataChanged" for name in seen) <= 3


@given(BATCHES, st.lists(ROWS, max_size=25))
def test_in_place_nothing_moves_until_it_may(batches: list[tuple[list[Row], set[int]]], held: list[Row]) -> None:
    made = model()
    for changed, gone in batches:
        made.change(changed, gone - {row.key for row in changed})
    before = [row.key for row in made.rows]
    newest = {row.key: row for row in held if made.shows(row.key)}
    made.change(newest.values(), in_place=True)
    assert [row.key for row in made.rows] == before
    assert all(newest.get(row.key, row) == row for row in made.rows)
    made.change(made.rows[:])
    assert list(made.rows) == sorted(made.rows, key=order)


def test_only_what_changed_is_told() -> None:
    made = model()
    made.show_rows([Row(k, 0) for k in range(100)])
    told: list[tuple[int, int]] = []
    made.dataChanged.connect(lambda first, last, *_: told.append((first.row(), last.row())))
    made.change([Row(7, 0, 1), Row(8, 0, 1), Row(50, 0, 1)])
    assert told == [(7, 8), (50, 50)]
    seen = watched(made)
    made.change([Row(3, 9), Row(200, 0)], [4])
    assert seen == ["dataChanged", "rowsInserted", "layoutChanged", "rowsRemoved"]


def test_a_whole_list_is_shown_by_what_differs() -> None:
    made = model()
    made.show_rows([Row(1, 1), Row(2, 2)])
    made.show_rows([Row(2, 0), Row(3, 1)])
    assert list(made.rows) == [Row(2, 0), Row(3, 1)]
    empty: list[Any] = []
    made.show_rows(empty)
    assert not made.rows
    assert made.row_of(2) is None
