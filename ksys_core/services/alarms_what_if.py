"""What-if: a tag's stored history through the alarm engine, by the present definition and by a proposed one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.definition import LIMIT_KINDS, AlarmKind, NewAlarmDefinition
from ksys_core.domain.alarms.what_if import PRESENT_ID, PROPOSED_ID, Occurrences, Replay, WhatIf, compare
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.series import Series
from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store import readings
from ksys_core.store.alarms_consistency import tag_limits
from ksys_core.store.alarms_retune import retune
from ksys_core.store.alarms_what_if import StoredAlarm, alarms_of_tag, stored_alarm
from ksys_core.store.pool import Database

__all__ = ["StoredAlarm", "alarms_of_tag"]

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """Limit and dead band in the tag's unit (NaN: no limit in force), delays in seconds."""

    limit: float
    dead_band: float
    on_delay_s: float
    off_delay_s: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to try out; None: as it is at present."""

    limit: float | None = None
    dead_band: float | None = None
    on_delay_s: float | None = None
    off_delay_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An alarm with the history of its tag in ``[start, stop)`` (ns): read once, tried out as often as wanted."""

    alarm: StoredAlarm
    history: tuple[ReadingBatch, ...]
    start: int
    stop: int

    @property
    def present(self) -> AlarmSettings:
        """As the alarm is defined now."""
        alarm = self.alarm
        return AlarmSettings(alarm.limit, alarm.dead_band, alarm.on_delay_s, alarm.off_delay_s)

    @property
    def readings(self) -> int:
        """Readings of the tag itself."""
        return sum(int(np.count_nonzero(batch.sensor_id == self.alarm.sensor_id)) for batch in self.history)


@dataclass(frozen=True, slots=True)
class Trial:
    """A what-if with what it was made of: `readings` of the tag in ``[start, stop)`` (ns)."""

    tag: str
    unit: str
    kind: AlarmKind
    start: int
    stop: int
    readings: int
    present: AlarmSettings
    proposed: AlarmSettings
    result: WhatIf


@dataclass(frozen=True, slots=True, eq=False)
class TriedOut:
    """A trial with the alarms that the present and the proposed definition gave."""

    trial: Trial
    before: Occurrences
    after: Occurrences


async def load_case(
    db: Database, *, tag: str, kind: AlarmKind, label: str = "", start: int, stop: int, progress: Progress | None = None
) -> Case:
    """The alarm and its tag's readings, day by day; `progress` gets the share that is read, 0 to 1.

    Of a deviation the set-point's readings too, with the one that was in force when the period begins.

    Raises:
        KnownError: there is no such alarm, or the period is empty.
    """
    if stop <= start:
        raise KnownError("alarm.period", N_("The period ends before it begins."))
    alarm = await stored_alarm(db, tag, kind, label)
    if alarm is None:
        raise KnownError("alarm.unknown", N_("There is no alarm {kind} of a tag {tag}."), kind=kind, tag=tag)
    batches = []
    if alarm.reference_id is not None:
        batches.append(_batch({alarm.reference_id: await readings.last_before(db, alarm.reference_id, start)}))
    for begin in range(start, stop, DAY):
        end = min(begin + DAY, stop)
        ids = [i for i in (alarm.sensor_id, alarm.reference_id) if i is not None]
        batches.append(_batch({i: await readings.raw(db, i, begin, end) for i in ids}))
        if progress is not None:
            progress((end - start) / (stop - start))
    return Case(alarm, tuple(batches), start, stop)


def _batch(series: Mapping[int, Series]) -> ReadingBatch:
    """One batch of the series of several tags."""
    numbers = np.repeat(np.array(list(series), np.int32), [len(each) for each in series.values()])
    columns = (np.concatenate([getattr(each, name) for each in series.values()]) for name in ("t", "v", "quality"))
    return ReadingBatch.of(numbers, *columns)


async def try_out(
    db: Database, case: Case, proposal: Proposal, *, long_s: float, progress: Progress | None = None
) -> TriedOut:
    """Replay the history both ways, a day at a time beside the event loop; nothing is stored.

    The present limit is taken for the whole history, also where another one was in force then. Lost alarms that
    lasted at least `long_s` seconds are named one by one.

    Raises:
        KnownError: the proposal contradicts itself or the tag's other limits.
    """
    _check_length(long_s)
    proposed = _proposed(case.present, proposal)
    if proposed != case.present:
        await check_settings(db, case.alarm, proposed)
    found = await replayed(case, [case.present, proposed], progress)
    before, after = found[PRESENT_ID], found[PROPOSED_ID]
    result = await asyncio.to_thread(compare, before, after, round(long_s * SECOND))
    alarm = case.alarm
    trial = Trial(
        alarm.tag, alarm.unit, alarm.kind, case.start, case.stop, case.readings, case.present, proposed, result
    )
    return TriedOut(trial, before, after)


async def what_if(
    db: Database,
    *,
    tag: str,
    kind: AlarmKind,
    label: str = "",
    proposal: Proposal,
    start: int,
    stop: int,
    long_s: float,
) -> Trial:
    """`load_case` and `try_out` in one."""
    _check_length(long_s)
    case = await load_case(db, tag=tag, kind=kind, label=label, start=start, stop=stop)
    return (await try_out(db, case, proposal, long_s=long_s)).trial


async def put_in_force(
    db: Database, trial: Trial, alarm_id: int, *, reason: str, moc_id: str | None, station: str
) -> bool:
    """Write what was proposed where it differs from what was tried against; False: nothing differs.

    Raises:
        KnownError: the reason is missing, or limits and dead bands of the tag contradict themselves.
    """
    now, new = trial.present, trial.proposed

    def changed(name: str) -> float | None:
        value: float = getattr(new, name)
        return None if value == getattr(now, name) or math.isnan(value) else value

    return await retune(
        db,
        alarm_id,
        limit=changed("limit"),
        dead_band=changed("dead_band"),
        on_delay_s=changed("on_delay_s"),
        off_delay_s=changed("off_delay_s"),
        reason=reason.strip(),
        moc_id=moc_id or None,
        station=station,
    )


async def replayed(
    case: Case, settings: Sequence[AlarmSettings], progress: Progress | None = None
) -> dict[int, Occurrences]:
    """Occurrences under each of `settings`, by its place counted from 1."""
    run = Replay(_definitions(case.alarm, settings))
    for n, batch in enumerate(case.history, 1):
        await asyncio.to_thread(run.take, batch)
        if progress is not None:
            progress(n / len(case.history))
    return await asyncio.to_thread(run.finish, case.stop)


def _check_length(long_s: float) -> None:
    if not 0 <= long_s < math.inf:
        raise KnownError("alarm.long", N_("How long an alarm lasts is a number of seconds that is not negative."))


def _proposed(present: AlarmSettings, proposal: Proposal) -> AlarmSettings:
    def chosen(given: float | None, otherwise: float) -> float:
        return otherwise if given is None else given

    if proposal.limit is not None and not math.isfinite(proposal.limit):
        raise KnownError("alarm.limit", N_("A limit is a finite number."))
    return AlarmSettings(
        chosen(proposal.limit, present.limit),
        chosen(proposal.dead_band, present.dead_band),
        chosen(proposal.on_delay_s, present.on_delay_s),
        chosen(proposal.off_delay_s, present.off_delay_s),
    )


async def check_settings(db: Database, alarm: StoredAlarm, proposed: AlarmSettings) -> None:
    """Refuse what could not be stored either, because of itself, the tag's other limits or its span."""
    NewAlarmDefinition(
        sensor_id=alarm.sensor_id,
        kind=alarm.kind,
        setting=proposed.limit,
        reference_sensor_id=alarm.reference_id,
        dead_band=proposed.dead_band,
        on_delay_s=proposed.on_delay_s,
        off_delay_s=proposed.off_delay_s,
        count=alarm.count,
    ).check()
    if alarm.kind not in LIMIT_KINDS or math.isnan(proposed.limit):
        return
    async with db.connection() as connection:
        (found,) = await tag_limits(connection, [alarm.sensor_id])
    replace(
        found,
        limits={**found.limits, alarm.kind: proposed.limit},
        dead_bands={**found.dead_bands, alarm.kind: proposed.dead_band},
    ).check()


def _definitions(alarm: StoredAlarm, settings: Sequence[AlarmSettings]) -> Definitions:
    """The alarm once for each of `settings`, numbered from `PRESENT_ID`."""
    return Definitions.of(
        alarm_id=[PRESENT_ID + n for n in range(len(settings))],
        sensor_id=[alarm.sensor_id] * len(settings),
        kind=alarm.kind,
        limit=[each.limit for each in settings],
        dead_band=[each.dead_band for each in settings],
        on_delay_s=[each.on_delay_s for each in settings],
        off_delay_s=[each.off_delay_s for each in settings],
        count=alarm.count,
        reference_id=-1 if alarm.reference_id is None else alarm.reference_id,
        stale_after_s=alarm.stale_after_s,
    )
