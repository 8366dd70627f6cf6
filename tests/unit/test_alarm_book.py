"""The book of a list: whatever comes, held or not, grouped or not, the table ends as sorting anew would show it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.alarms.rows import LISTED, AlarmRow
from ksys_hmi.models.alarm_book import AlarmBook, DeskRow, Grouping, Heading, unit_of
from ksys_hmi.models.alarm_filter import STATE_GROUPS, AlarmFilter
from ksys_hmi.models.rows import Column

_NUMBERS = {"int", "float", "int | None", "float | None"}


def _nothing(kind: str) -> Any:
    if kind in _NUMBERS:
        return 0
    return {} if "Mapping" in kind else kind != "bool" and ""


BLANK = AlarmRow(**{each.name: _nothing(str(each.type)) for each in fields(AlarmRow)})
AREAS = ("", "RO/Stage 1", "RO/Stage 2", "Feed")
ROWS = st.builds(
    lambda alarm_id, priority, isa, since, area: replace(
        BLANK,
        alarm_id=alarm_id,
        tag=f"T{alarm_id}",
        priority=priority,
        isa=isa,
        active_since=since,
        area=AREAS[area],
    ),
    st.integers(1, 25),
    st.integers(1, 4),
    st.sampled_from((*LISTED, "SHLVD")),
    st.integers(0, 5),
    st.integers(0, 3),
)
FILTERS = st.builds(
    AlarmFilter,
    text=st.sampled_from(("", "t1", "2")),
    priorities=st.frozensets(st.integers(1, 4), max_size=2),
    area=st.sampled_from(("", "RO", "RO/Stage 1", "Ro")),
    state=st.sampled_from(list(STATE_GROUPS)),
)
GROUPINGS = st.none() | st.builds(
    Grouping, st.none() | st.integers(1, 25), st.frozensets(st.sampled_from(("RO", "Feed", "")), max_size=2)
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.lists(ROWS, max_size=12), st.sets(st.integers(1, 25), max_size=6)),
        st.tuples(st.just("filter"), FILTERS),
        st.tuples(st.just("group"), GROUPINGS),
        st.tuples(st.just("hold")),
        st.tuples(st.just("release")),
    ),
    max_size=14,
)


def book() -> AlarmBook:
    return AlarmBook(LISTED, [Column[DeskRow]("Tag", lambda row: row.area)])


def expected(rows: dict[int, AlarmRow], wanted: AlarmFilter, grouping: Grouping | None) -> list[object]:
    """Keys of what should be shown."""
    passing = [row for row in rows.values() if wanted.lets_through(row, f"{row.tag} {row.area}".casefold())]
    rank = {row.alarm_id: (row.priority, row.isa in ("ACKED", "LACKED"), -(row.active_since or 0)) for row in passing}
    passing.sort(key=lambda row: (rank[row.alarm_id], row.alarm_id))
    if grouping is None:
        return [row.alarm_id for row in passing]
    shown: list[object] = [row.alarm_id for row in passing if row.alarm_id == grouping.first_out]
    for unit in sorted({unit_of(row) for row in passing}):
        shown.append(f"# {unit}")
        for row in passing:
            folded = row.priority in (3, 4) and unit not in grouping.opened
            if unit_of(row) == unit and row.alarm_id != grouping.first_out and not folded:
                shown.append(row.alarm_id)
    return shown


def keys(made: AlarmBook) -> list[object]:
    return [f"# {row.area}" if isinstance(row, Heading) else row.alarm_id for row in made.model.rows]


@given(STEPS)
def test_it_ends_as_sorting_anew_would(steps: list[tuple[object, ...]]) -> None:
    made, rows = book(), dict[int, AlarmRow]()
    for step in steps:
        before = keys(made)
        if step[0] == "take":
            read: list[AlarmRow] = step[1]  # type: ignore[assignment]
            asked: set[int] = step[2]  # type: ignore[assignment]
            made.take(read, asked)
            newest = {row.alarm_id: row for row in read}
            for alarm_id in asked | newest.keys():
                rows.pop(alarm_id, None)
                if alarm_id in newest and newest[alarm_id].isa in LISTED:
                    rows[alarm_id] = newest[alarm_id]
        elif step[0] == "filter":
            made.show_only(step[1])  # type: ignore[arg-type]
        elif step[0] == "group":
            made.group(step[1])  # type: ignore[arg-type]
        elif step[0] == "hold":
            made.hold()
        else:
            made.release()
        if made.held and before:
            assert keys(made) == before, "nothing moves while it is held"
        elif made.held:
            assert set(keys(made)) <= set(expected(rows, made.filter, made.grouping)), "the first come at once"
        else:
            assert keys(made) == expected(rows, made.filter, made.grouping)
        assert made.unacknowledged == sum(row.unacknowledged for row in rows.values())
        assert set(made.rows) == set(rows)
    made.release()
    assert keys(made) == expected(rows, made.filter, made.grouping)
    assert all(made.rows[row.alarm_id] == row for row in made.model.rows if isinstance(row, AlarmRow))
    for heading in (row for row in made.model.rows if isinstance(row, Heading)):
        inside = [row for row in rows.values() if unit_of(row) == heading.area]
        assert heading.total <= len(inside)
        assert heading.unacknowledged <= heading.total


def test_the_first_alarms_of_an_empty_list_do_not_wait_for_the_pointer() -> None:
    made = book()
    made.hold()
    made.take([replace(BLANK, alarm_id=7, priority=1, isa="UNACK", active_since=1)], ())
    assert keys(made) == [7]
    made.take([replace(BLANK, alarm_id=8, priority=1, isa="UNACK", active_since=2)], ())
    assert keys(made) == [7]
    assert [row.alarm_id for row in made.waiting] == [8]


def test_what_waits_is_counted_and_what_leaves_says_so() -> None:
    made = book()
    first, second = (replace(BLANK, alarm_id=n, priority=2, isa="UNACK", active_since=n) for n in (1, 2))
    made.take([first], ())
    made.hold()
    made.take([second], (1,))
    assert [row.alarm_id for row in made.waiting] == [2]
    assert [row.isa for row in made.model.rows if isinstance(row, AlarmRow)] == ["NORM"]
    made.release()
    assert keys(made) == [2]
    assert made.waiting == []


def test_a_filter_comes_back_as_it_was_saved_and_nonsense_is_left_out() -> None:
    wanted = AlarmFilter(text="pump", priorities=frozenset({1, 3}), area="RO", state="returned")
    assert AlarmFilter.from_json(wanted.as_json()) == wanted
    assert AlarmFilter.from_json({"priorities": [9, 2], "state": "?", "text": 7}) == AlarmFilter(
        text="7", priorities=frozenset({2})
    )
    assert AlarmFilter.from_json([1]) == AlarmFilter()
