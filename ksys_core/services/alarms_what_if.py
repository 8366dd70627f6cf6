"""What-if: a tag's stored history through the alarm engine, by the present definition and by a proposed one."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace

import numpy as np

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.definition import LIMIT_KINDS, AlarmKind, NewAlarmDefinition
from ksys_core.domain.alarms.what_if import PRESENT_ID, PROPOSED_ID, WhatIf, compare, replayed
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store import readings
from ksys_core.store.alarms_consistency import tag_limits
from ksys_core.store.alarms_what_if import StoredAlarm, stored_alarm
from ksys_core.store.pool import Database


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
    """Replay ``[start, stop)`` (ns) both ways; computed beside the event loop, nothing is stored.

    The present limit is taken for the whole history, also where another one was in force then. Lost alarms that
    lasted at least `long_s` seconds are named one by one.

    Raises:
        KnownError: there is no such alarm, the period is empty, or the proposal contradicts itself.
    """
    if stop <= start:
        raise KnownError("alarm.period", N_("The period ends before it begins."))
    if not 0 <= long_s < math.inf:
        raise KnownError("alarm.long", N_("How long an alarm lasts is a number of seconds that is not negative."))
    alarm = await stored_alarm(db, tag, kind, label)
    if alarm is None:
        raise KnownError("alarm.unknown", N_("There is no alarm {kind} of a tag {tag}."), kind=kind, tag=tag)
    present = AlarmSettings(alarm.limit, alarm.dead_band, alarm.on_delay_s, alarm.off_delay_s)
    proposed = _proposed(alarm, present, proposal)
    await _check_limits(db, alarm, proposed)
    history = await _history(db, alarm, start, stop)
    definitions = _definitions(alarm, present, proposed)
    result = await asyncio.to_thread(_replay, definitions, history, stop, round(long_s * SECOND))
    count = sum(int(np.count_nonzero(batch.sensor_id == alarm.sensor_id)) for batch in history)
    return Trial(alarm.tag, alarm.unit, kind, start, stop, count, present, proposed, result)


def _proposed(alarm: StoredAlarm, present: AlarmSettings, proposal: Proposal) -> AlarmSettings:
    def chosen(given: float | None, otherwise: float) -> float:
        return otherwise if given is None else given

    if proposal.limit is not None and not math.isfinite(proposal.limit):
        raise KnownError("alarm.limit", N_("A limit is a finite number."))
    found = AlarmSettings(
        chosen(proposal.limit, present.limit),
        chosen(proposal.dead_band, present.dead_band),
        chosen(proposal.on_delay_s, present.on_delay_s),
        chosen(proposal.off_delay_s, present.off_delay_s),
    )
    NewAlarmDefinition(
        sensor_id=alarm.sensor_id,
        kind=alarm.kind,
        setting=found.limit,
        dead_band=found.dead_band,
        on_delay_s=found.on_delay_s,
        off_delay_s=found.off_delay_s,
        count=alarm.count,
    ).check()
    return found


async def _check_limits(db: Database, alarm: StoredAlarm, proposed: AlarmSettings) -> None:
    """Refuse what could not be stored either, because of the tag's other limits or its span."""
    if alarm.kind not in LIMIT_KINDS or math.isnan(proposed.limit):
        return
    async with db.connection() as connection:
        (found,) = await tag_limits(connection, [alarm.sensor_id])
    replace(
        found,
        limits={**found.limits, alarm.kind: proposed.limit},
        dead_bands={**found.dead_bands, alarm.kind: proposed.dead_band},
    ).check()


def _definitions(alarm: StoredAlarm, present: AlarmSettings, proposed: AlarmSettings) -> Definitions:
    both = (present, proposed)
    return Definitions.of(
        alarm_id=[PRESENT_ID, PROPOSED_ID],
        sensor_id=[alarm.sensor_id] * 2,
        kind=alarm.kind,
        limit=[each.limit for each in both],
        dead_band=[each.dead_band for each in both],
        on_delay_s=[each.on_delay_s for each in both],
        off_delay_s=[each.off_delay_s for each in both],
        count=alarm.count,
        reference_id=-1 if alarm.reference_id is None else alarm.reference_id,
        stale_after_s=alarm.stale_after_s,
    )


async def _history(db: Database, alarm: StoredAlarm, start: int, stop: int) -> list[ReadingBatch]:
    """Readings of the tag and its reference, a batch for each day."""
    ids = [alarm.sensor_id] + ([] if alarm.reference_id is None else [alarm.reference_id])
    batches = []
    for begin in range(start, stop, DAY):
        series = [await readings.raw(db, i, begin, min(begin + DAY, stop)) for i in ids]
        numbers = np.repeat(np.array(ids, np.int32), [len(each) for each in series])
        columns = (np.concatenate([getattr(each, name) for each in series]) for name in ("t", "v", "quality"))
        batches.append(ReadingBatch.of(numbers, *columns))
    return batches


def _replay(definitions: Definitions, history: list[ReadingBatch], stop: int, long_ns: int) -> WhatIf:
    return compare(*replayed(definitions, history, stop), long_ns)
