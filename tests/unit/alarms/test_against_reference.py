"""The engine on arrays agrees with a plain scalar reference, however the readings are cut."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.domain import quality
from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.desk import Operation, operate
from ksys_core.domain.alarms.engine import Step, step
from ksys_core.domain.alarms.isa import ISA_STATES
from ksys_core.domain.alarms.kpi_periods import JournalColumns, acknowledged_periods
from ksys_core.domain.alarms.replay import NORMAL, Rebuilt, replay
from ksys_core.domain.alarms.state import State, isa, regions
from ksys_core.domain.alarms.suppression import demand
from ksys_core.domain.alarms.transitions import EVENTS, Transitions
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import HOUR, SECOND
from tests.unit.alarms.reference import ReferenceAlarm, ReferenceReturns

CODES = {"GOOD": quality.GOOD, "UNCERTAIN": quality.UNCERTAIN, "BAD": quality.BAD}
Event = tuple[int, str, int, int, int, str]


class Happening(NamedTuple):
    """A reading of a tag, a pass of time, or an operator's action, `t` seconds after the start."""

    t: int
    what: str
    sensor: int
    value: float
    quality: str
    until: int


@st.composite
def histories(draw: st.DrawFn) -> list[Happening]:
    t, result = 0, []
    kinds = ["reading"] * 12 + [
        "time",
        "ACK",
        "UNACK",
        "RESET",
        "SHLV",
        "ONCE",
        "UNSHLV",
        "OOS",
        "INSRV",
        "HIDE",
        "HIDE",
        "SHOW",
    ]
    for _ in range(draw(st.integers(1, 40))):
        t += draw(st.sampled_from([1, 1, 2, 3, 5, 10, 40]))
        result.append(
            Happening(
                t,
                draw(st.sampled_from(kinds)),
                draw(st.integers(1, 2)),
                draw(st.sampled_from([0.0, 5.0, 8.0, 9.0, 10.0, 11.0, 12.0, 20.0])),
                draw(st.sampled_from(["GOOD"] * 6 + ["UNCERTAIN", "BAD", "BAD"])),
                t + draw(st.integers(1, 30)),
            )
        )
    return result


definition = st.fixed_dictionaries(
    {
        "high": st.booleans(),
        "limit": st.sampled_from([9.0, 10.0]),
        "dead_band": st.sampled_from([0.0, 1.0, 3.0]),
        "on_delay": st.sampled_from([0, 3, 6]),
        "off_delay": st.sampled_from([0, 4]),
        "count": st.sampled_from([0, 0, 2, 3]),
        "latching": st.booleans(),
        "realarm": st.sampled_from([None, 7]),
    }
)
Record = dict[str, Any]


def columns(records: list[Record], stale_after: int | None) -> Definitions:
    """Alarm k belongs to tag 1 + k % 2."""
    n = len(records)
    return Definitions.of(
        alarm_id=np.arange(n),
        sensor_id=1 + np.arange(n) % 2,
        kind=["H" if r["high"] else "L" for r in records],
        limit=[r["limit"] for r in records],
        dead_band=[r["dead_band"] for r in records],
        on_delay_s=[r["on_delay"] for r in records],
        off_delay_s=[r["off_delay"] for r in records],
        count=[r["count"] for r in records],
        latching=[r["latching"] for r in records],
        realarm_s=[np.nan if r["realarm"] is None else r["realarm"] for r in records],
        stale_after_s={} if stale_after is None else {1: stale_after, 2: stale_after},
    )


def by_engine(
    definitions: Definitions, history: list[Happening], cuts: list[bool], journal: list[Transitions]
) -> tuple[list[Event], State, list[str]]:
    """Readings gathered until a cut, or until something else happens."""
    state = State.initial(definitions)
    events: list[Event] = []
    waiting: list[Happening] = []

    def keep(done: Step) -> None:
        nonlocal state
        journal.append(done.transitions)
        state = done.state
        k = done.transitions
        events.extend(
            (int(definitions.alarm_id[k.row[i]]), EVENTS[k.event[i]], k.source[i] // SECOND, k.detected[i] // SECOND,
             int(k.occurrence[i]), ISA_STATES[k.isa_to[i]])
            for i in range(len(k))
        )  # fmt: skip

    def run(now: int | None = None) -> None:
        batch = ReadingBatch.of(
            [h.sensor for h in waiting],
            [h.t * SECOND for h in waiting],
            [h.value for h in waiting],
            [CODES[h.quality] for h in waiting],
        )
        keep(step(state, definitions, batch, None if now is None else now * SECOND))
        waiting.clear()

    rows = np.arange(len(definitions))
    for happening, cut in zip(history, cuts, strict=True):
        if happening.what == "reading":
            waiting.append(happening)
            if cut:
                run()
            continue
        run(happening.t)
        if happening.what in ("HIDE", "SHOW"):
            wanted = state.wanted.copy()
            wanted[1 + definitions.alarm_id % 2 == happening.sensor] = happening.what == "HIDE"
            keep(demand(state, definitions, wanted, happening.t * SECOND))
        elif happening.what != "time":
            kind: Operation = "SHLV" if happening.what == "ONCE" else happening.what  # type: ignore[assignment]
            once = happening.what == "ONCE"
            state, done_by = operate(state, kind, rows, happening.t * SECOND, happening.until * SECOND, once=once)
            journal.append(done_by)
    run(history[-1].t)
    return events, state, [ISA_STATES[code] for code in isa(state, rows)]


def by_reference(alarms: list[ReferenceAlarm], history: list[Happening]) -> None:
    returns = ReferenceReturns()

    def pass_to(t: int) -> None:
        for alarm in alarms:
            alarm.time(t)
        returns.release(alarms, t)

    for happening in history:
        of_tag = [alarm for number, alarm in enumerate(alarms) if happening.sensor == 1 + number % 2]
        if happening.what == "reading":
            for alarm in of_tag:
                alarm.reading(happening.t, happening.value, happening.quality)
            continue
        pass_to(happening.t)
        if happening.what in ("HIDE", "SHOW"):
            for alarm in of_tag:
                alarm.demand(happening.t, happening.what == "HIDE")
        elif happening.what != "time":
            for alarm in alarms:
                alarm.operate(happening.what, happening.t, happening.until)
    pass_to(history[-1].t)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(definition, min_size=1, max_size=4),
    st.sampled_from([None, 8]),
    histories(),
    st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_the_engine_agrees_with_the_reference_for_every_cut(
    records: list[Record], stale_after: int | None, history: list[Happening], cuts: list[bool]
) -> None:
    definitions = columns(records, stale_after)
    alarms = [ReferenceAlarm(**record, stale_after=stale_after) for record in records]
    by_reference(alarms, history)
    journal: list[Transitions] = []
    events, state, states = by_engine(definitions, history, cuts[: len(history)], journal)
    for row, number in enumerate(definitions.alarm_id.tolist()):
        alarm = alarms[number]
        assert [event[1:] for event in events if event[0] == number] == alarm.events
        assert states[row] == alarm.isa
        assert state.occurrence[row] == alarm.occurrence
        if state.last_t[definitions.sensor[row]] > 0:
            assert ("GOOD", "UNCERTAIN", "BAD", "STALE")[state.quality[row]] == alarm.quality
    rebuilt, breaks = replay(journal)
    assert breaks == []
    rows = np.arange(len(definitions))
    expected = [Rebuilt(*pair) for pair in zip(regions(state, rows).tolist(), state.occurrence.tolist(), strict=True)]
    assert [rebuilt.get(row, NORMAL) for row in rows.tolist()] == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(definition, min_size=1, max_size=4), histories())
def test_times_to_acknowledge_agree_with_what_an_operator_sees(records: list[Record], history: list[Happening]) -> None:
    definitions = columns(records, None)
    alarms = [ReferenceAlarm(**record, stale_after=None) for record in records]
    by_reference(alarms, history)
    parts: list[Transitions] = []
    by_engine(definitions, history, [True] * len(history), parts)
    found = acknowledged_periods(as_columns(definitions, parts), 0, HOUR)
    expected = [(number, seconds) for number, alarm in enumerate(alarms) for seconds in alarm.answers]
    assert list(zip(found.alarm.tolist(), (found.length // SECOND).tolist(), strict=True)) == expected


def as_columns(definitions: Definitions, parts: list[Transitions]) -> JournalColumns:
    """The journal as key figures read it."""
    row, event, t, isa_to = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "event", "detected", "isa_to")
    )
    alarm = definitions.alarm_id[row].astype(np.int32)
    hidden = np.isin(isa_to, [ISA_STATES.index(state) for state in ("SHLVD", "DSUPR", "OOSRV")])
    order = np.argsort(alarm, kind="stable")
    return JournalColumns(alarm[order], t[order], event[order], np.ones(len(order), np.int32), hidden[order])
