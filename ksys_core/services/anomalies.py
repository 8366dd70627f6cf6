"""Detectors at work: new samples judged, what they show stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting.anomaly_model import UNIT, Detector, Matrix
from ksys_core.forecasting.anomaly_stream import Edge, Stream, StreamState
from ksys_core.forecasting.parsed import DETECTORS
from ksys_core.services import model_grids
from ksys_core.services.forecast import issue_time
from ksys_core.store import anomalies as store
from ksys_core.store import anomaly_groups
from ksys_core.store.anomalies import Anomaly, Seen, Sign
from ksys_core.store.anomaly_groups import Group, Watch
from ksys_core.store.pool import Database

SETTLE: Final = 10 * SECOND
"""Readings may come so much later than their time."""
WARM_UP: Final = 60
"""Samples that a detector looks at before it begins to judge."""
CAUGHT_UP: Final = DAY
"""After a longer standstill a detector begins anew."""
KEPT: Final = 366 * DAY
LEAST: Final = 0.005
"""Smaller shares are not kept."""

__all__ = ["Anomaly", "Group", "groups", "listed", "prune", "run"]


@dataclass(frozen=True, slots=True, eq=False)
class _Due:
    """A detector with the `rows` samples up to `stop` (ns UTC) that it has to judge, and `warm` ones before these."""

    watch: Watch
    model: Detector
    stop: int
    rows: int
    warm: int

    @property
    def anew(self) -> bool:
        return self.warm > 0

    def at(self, row: int) -> int:
        """When the sample `row` begins, ns UTC."""
        return self.stop - (self.rows - row) * self.model.step_s * SECOND


async def run(db: Database, *, now_ns: int) -> int:
    """Judge the samples that are new since the last run; how many anomalies began or ended.

    Each detector takes up where it left; after more than a day it begins anew, and what showed is over.
    """
    due = [one for watch in await _watches(db, now_ns) if (one := _due(*watch, now_ns)) is not None]
    if not due:
        return 0
    silent = await anomaly_groups.maintained(db)
    seen: list[Seen] = []
    for interval_s in sorted({one.model.step_s for one in due}):
        same = [one for one in due if one.model.step_s == interval_s]
        wanted = [(sensor, one.rows + one.warm) for one in same for sensor in one.model.sensors]
        grids = await model_grids.grids(db, wanted, stop_ns=same[0].stop, step_s=interval_s)
        for one in same:
            columns = [grids[sensor].tail(one.rows + one.warm).v.copy() for sensor in one.model.sensors]
            for sensor, column in zip(one.model.sensors, columns, strict=True):
                if sensor in silent:
                    column[:] = np.nan
            seen.append(await asyncio.to_thread(_judged, one, np.stack(columns, axis=1)))
    return await store.keep(db, seen)


async def listed(db: Database, *, since_ns: int, active_only: bool = False) -> list[Anomaly]:
    """Anomalies that show now, and those that were over at `since_ns` or later."""
    return await store.listed(db, since_ns=since_ns, active_only=active_only)


async def prune(db: Database, *, now_ns: int) -> int:
    """Forget anomalies that were over a year ago; how many."""
    return await store.prune(db, now_ns - KEPT)


async def groups(db: Database) -> list[Group]:
    """All units with their tags and the state of their detectors."""
    return await anomaly_groups.groups(db)


async def _watches(db: Database, now_ns: int) -> list[tuple[Watch, Detector]]:
    """Detectors that can be read; of the others the reason is noted."""
    found = []
    for watch in await anomaly_groups.watches(db, DETECTORS.fingerprints()):
        try:
            found.append((watch, DETECTORS.model(watch.artefact, watch.sha256)))
        except KnownError as error:
            await anomaly_groups.note_failure(db, watch.group_id, error.text, now_ns)
    return found


def _due(watch: Watch, model: Detector, now_ns: int) -> _Due | None:
    stop = issue_time(now_ns - SETTLE, model.step_s)
    step = model.step_s * SECOND
    anew = watch.stream is None or watch.seen_ns is None or stop - watch.seen_ns > CAUGHT_UP
    if anew or watch.seen_ns is None:
        return _Due(watch, model, stop, 1, WARM_UP)
    rows = (stop - watch.seen_ns) // step
    return _Due(watch, model, stop, rows, 0) if rows > 0 else None


def _judged(due: _Due, values: Matrix) -> Seen:
    state = None if due.anew else _state(due)
    stream = Stream(due.model, state)
    if due.warm:
        stream.run(values[: due.warm])
        stream.begin_silent()
    before = {(one.kind, one.tag): one.peak for one in stream.active()}
    edges, _ = stream.run(values[due.warm :])
    signs = _signs(due, edges, stream.active(), before)
    return Seen(due.watch.group_id, signs, json.dumps(stream.state.plain()), due.stop, state is None)


def _signs(
    due: _Due, edges: Sequence[Edge], active: Sequence[Edge], before: Mapping[tuple[str, int], float]
) -> list[Sign]:
    """One sign for every anomaly that began, ended or became worse."""
    begun: dict[tuple[str, int], int] = {}
    signs = []
    for edge in edges:
        key = edge.kind, edge.tag
        if edge.begins:
            begun[key] = due.at(edge.row)
        else:
            signs.append(_sign(due, edge, begun.pop(key, None), due.at(edge.row)))
    for one in active:
        since = begun.get((one.kind, one.tag))
        if since is not None or one.peak > before.get((one.kind, one.tag), 0.0):
            signs.append(_sign(due, one, since, None))
    return signs


def _sign(due: _Due, edge: Edge, since: int | None, until: int | None) -> Sign:
    sensors = due.model.sensors
    if edge.kind == UNIT:
        shares = {sensor: round(share, 4) for sensor, share in zip(sensors, edge.shares, strict=True) if share >= LEAST}
        return Sign(UNIT, None, since, until, edge.peak, shares)
    return Sign(edge.kind, sensors[edge.tag], since, until, edge.peak)


def _state(due: _Due) -> StreamState | None:
    """What the detector remembers; None where that can't be read: it begins anew."""
    try:
        return StreamState.of_plain(json.loads(due.watch.stream or "null"), len(due.model.sensors))
    except (KnownError, ValueError):
        return None
