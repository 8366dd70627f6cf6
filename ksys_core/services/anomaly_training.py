"""Detectors trained: every night, and as soon as a unit has history enough."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.domain.times import DAY, MINUTE, SECOND, to_datetime, to_ns
from ksys_core.errors import KnownError
from ksys_core.forecasting.anomaly_model import Matrix, dump, sha256
from ksys_core.forecasting.anomaly_training import UnitHistory, train
from ksys_core.i18n import N_
from ksys_core.services import model_grids
from ksys_core.services.forecast import issue_time
from ksys_core.store import anomalies, anomaly_groups
from ksys_core.store.anomaly_groups import Group
from ksys_core.store.pool import Database

NIGHT: Final = time(2)
"""Plant time from which detectors of the day before are trained anew."""
HISTORY: Final = 14 * DAY
RETRY: Final = 2 * MINUTE
"""A unit without a detector is tried again after so long."""
NEW_NORMAL: Final = DAY
"""A shorter anomaly is not learned from; a longer one is how the unit works now."""
GRIDS_S: Final = (60, 300, 600, 3600)
KNOWN: Final = 0.9
"""So many of a tag's samples lie no further apart than the grid that is taken for it."""


async def train_due(db: Database, *, now_ns: int, executor: Executor, zone: ZoneInfo) -> int:
    """Train what has no detector yet or one of the day before; how many were trained."""
    await anomaly_groups.add_areas(db)
    night = _newest_night(now_ns, zone)
    due = [group for group in await anomaly_groups.groups(db) if group.enabled and _due(group, now_ns, night)]
    return await _train(db, due, now_ns=now_ns, executor=executor)


async def train_named(db: Database, names: Sequence[str], *, now_ns: int, executor: Executor) -> int:
    """Train these units now, or all of them when none is named; how many were trained.

    Raises:
        KnownError: there is no unit of a name.
    """
    await anomaly_groups.add_areas(db)
    found = {group.name: group for group in await anomaly_groups.groups(db)}
    for name in names:
        if name not in found:
            raise KnownError(
                "anomalies.unknown",
                N_("There is no unit {name}; known are {known}."),
                name=name,
                known=", ".join(found),
            )
    chosen = [found[name] for name in names] or [group for group in found.values() if group.enabled]
    return await _train(db, chosen, now_ns=now_ns, executor=executor)


async def _train(db: Database, groups: Sequence[Group], *, now_ns: int, executor: Executor) -> int:
    """Each unit by itself: what can't be trained is noted and touches no other."""
    silent = await anomaly_groups.maintained(db)
    known = await anomalies.unit_times(db, now_ns - HISTORY)
    trained = 0
    for group in groups:
        try:
            history = await _history(db, group, now_ns, silent, known.get(group.group_id, []))
            model = await asyncio.get_running_loop().run_in_executor(executor, train, history)
        except KnownError as error:
            await anomaly_groups.note_failure(db, group.group_id, error.text, now_ns)
            continue
        text = dump(model)
        await anomaly_groups.keep_detector(
            db, group.group_id, text, sha256(text), now_ns=now_ns, learned_ns=model.begin
        )
        trained += 1
    return trained


async def _history(
    db: Database, group: Group, now_ns: int, silent: set[int], known: Sequence[tuple[int, int | None]]
) -> UnitHistory:
    """The unit's newest samples, without those that are known to be abnormal."""
    sensors = tuple(sensor for sensor in group.sensor_ids if sensor not in silent)
    step_s = group.interval_s or await _grid(db, sensors, now_ns)
    stop = issue_time(now_ns, step_s)
    values = await _values(db, sensors, stop, step_s, HISTORY)
    times = stop - np.arange(len(values), 0, -1) * step_s * SECOND
    for since, until in known:
        end = stop if until is None else until
        if end - since < NEW_NORMAL:
            values[(times >= since - step_s * SECOND) & (times <= end)] = np.nan
    return UnitHistory(sensors, int(times[0]) if len(times) else stop, step_s, values)


async def _grid(db: Database, sensors: Sequence[int], now_ns: int) -> int:
    """The finest grid that the median tag's samples fill, judged by their distances in the newest day."""
    if not sensors:
        return GRIDS_S[0]
    minutes = np.isfinite(await _values(db, sensors, issue_time(now_ns, 3600), 60, DAY))
    apart = [np.quantile(gaps, KNOWN) for column in minutes.T if len(gaps := np.diff(np.flatnonzero(column)))]
    usual_s = 60 * float(np.median(apart)) if apart else 60.0
    return next((step_s for step_s in GRIDS_S if usual_s <= step_s), GRIDS_S[-1])


async def _values(db: Database, sensors: Sequence[int], stop: int, step_s: int, span: int) -> Matrix:
    """Samples of `sensors` from the first that any of them has on, float64[n, sensors]."""
    if not sensors:
        return np.empty((0, 0))
    n = span // (step_s * SECOND)
    grids = await model_grids.grids(db, [(sensor, n) for sensor in sensors], stop_ns=stop, step_s=step_s)
    values = np.stack([grids[sensor].v for sensor in sensors], axis=1)
    known = np.flatnonzero(np.isfinite(values).any(axis=1))
    return values[known[0] :] if len(known) else values[:0]


def _due(group: Group, now_ns: int, night: int) -> bool:
    if group.tried_ns is None:
        return True
    if group.trained_ns is None or group.learned_ns is None:
        return group.tried_ns <= now_ns - RETRY
    grown = now_ns - group.trained_ns > group.trained_ns - group.learned_ns  # the history is twice as long by now
    return group.tried_ns < night or (grown and group.tried_ns <= now_ns - RETRY)


def _newest_night(now_ns: int, zone: ZoneInfo) -> int:
    """When the newest night began, ns UTC."""
    local = to_datetime(now_ns).astimezone(zone)
    date = local.date() if local.time() >= NIGHT else local.date() - timedelta(days=1)
    return to_ns(datetime.combine(date, NIGHT, zone))
