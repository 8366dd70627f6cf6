"""The alarm evaluator of the service: engine steps, each stored with its journal entries in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import UNSEEN
from ksys_core.domain.alarms.engine import Step, reconsider, step
from ksys_core.domain.alarms.state import State
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.log import get_logger
from ksys_core.store import alarms_journal, alarms_news, alarms_state
from ksys_core.store.pool import Database

Clock = Callable[[], int]

SETTLE_NS: Final = 2 * SECOND
"""How long readings may be under way: time passes for delays this much behind the clock."""
POSITIONS_NS: Final = 30 * SECOND
FUTURE_NS: Final = 10 * MINUTE
"""Readings further ahead of the clock than this are passed over: they would blind the tag until then."""

_log = get_logger(__name__)


class AlarmEvaluator:
    """Evaluates all alarms of one database; one instance runs at a time.

    The stored state is always that after the last change, and going over readings again from there changes nothing.
    So after a crash at any moment the readings since the saved positions are taken again, and every alarm and every
    journal entry comes exactly once.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._lock = asyncio.Lock()
        self._loaded: alarms_state.Loaded | None = None
        self._positions_saved = 0
        self._behind = True

    async def on_batch(self, batch: ReadingBatch) -> int:
        """Evaluate readings that are stored; gives the number of transitions."""
        async with self._lock:
            await self._load_once()
            if self._behind:
                return await self._catch_up()
            return await self._advance(partial(_step, self._plausible(batch)))

    async def on_timer(self, now: int) -> int:
        """Let time pass to `now` (ns) less `SETTLE_NS`; gives the number of transitions."""
        async with self._lock:
            await self._load_once()
            count = await self._catch_up() if self._behind else 0
            at = now - SETTLE_NS
            count += await self._advance(lambda state, loaded: step(state, loaded.definitions, now=at))
            if abs(now - self._positions_saved) >= POSITIONS_NS:
                await self._save_positions(now)
            return count

    async def catch_up(self) -> int:
        """Evaluate what is stored and was not given by `on_batch`; gives the number of transitions."""
        async with self._lock:
            await self._load_once()
            return await self._catch_up()

    async def on_changed(self, kind: str, ids: Iterable[int]) -> int:
        """React to a message of the database: definitions, limits, tags (all again) or operators' actions."""
        async with self._lock:
            if self._loaded is None:
                return 0
            if kind == "alarms":
                await self._refresh_desk(list(ids))
            elif kind in ("limits", "sensors", "resync"):
                await self._load()
                now = self._clock()
                return await self._advance(lambda state, loaded: reconsider(state, loaded.definitions, now))
            return 0

    async def close(self) -> None:
        """Save how far the evaluation has come."""
        async with self._lock:
            if self._loaded is not None:
                await self._save_positions(self._clock())

    async def _load_once(self) -> None:
        if self._loaded is None:
            await self._load()

    async def _load(self) -> None:
        """Read everything; what this instance has seen of the tags stays."""
        before = self._loaded
        async with self._db.transaction() as connection:
            retired = await alarms_state.retire_disabled(connection)
            if retired:
                await connection.execute("select ksys_notify('alarms', $1::int[])", retired)
            loaded = await alarms_state.load(connection, self._clock())
        if before is not None:
            _carry(before, loaded)
        self._loaded = loaded
        _log.info("alarms.loaded", definitions=len(loaded.definitions), tags=len(loaded.definitions.sensor_id))

    async def _catch_up(self) -> int:
        assert self._loaded is not None
        count, more = 0, True
        while more:
            news = await alarms_news.next_batch(self._db, self._loaded.definitions, self._loaded.state)
            batch = self._plausible(news.batch)
            more = news.more and len(batch) > 0
            if len(batch):
                count += await self._advance(partial(_step, batch))
        self._behind = False
        return count

    def _plausible(self, batch: ReadingBatch) -> ReadingBatch:
        ahead = batch.t > self._clock() + FUTURE_NS
        if not ahead.any():
            return batch
        _log.warning(
            "alarms.future_readings", readings=int(ahead.sum()), sensors=np.unique(batch.sensor_id[ahead]).tolist()[:20]
        )
        return ReadingBatch(batch.sensor_id[~ahead], batch.t[~ahead], batch.v[~ahead], batch.quality[~ahead])

    async def _refresh_desk(self, ids: list[int]) -> None:
        assert self._loaded is not None
        definitions, state = self._loaded.definitions, self._loaded.state
        async with self._db.connection() as connection:
            found = await alarms_state.desk_of(connection, ids or definitions.alarm_id.tolist())
        changed = alarms_state.update_desk(definitions, state, found)
        if changed is not None:
            self._loaded = alarms_state.Loaded(definitions, changed)

    async def _advance(self, compute: Callable[[State, alarms_state.Loaded], Step]) -> int:
        """Run the engine and store what changed. On any error nothing is stored and nothing forgotten."""
        assert self._loaded is not None
        loaded = self._loaded
        self._behind, was_behind = True, self._behind
        done = compute(loaded.state, loaded)
        if done.changed.any():
            done = await self._store(loaded, compute, done)
        self._loaded = alarms_state.Loaded(loaded.definitions, done.state)
        self._behind = was_behind
        return len(done.transitions)

    async def _store(
        self, loaded: alarms_state.Loaded, compute: Callable[[State, alarms_state.Loaded], Step], done: Step
    ) -> Step:
        definitions, state = loaded.definitions, loaded.state
        async with self._db.transaction() as connection:
            while True:
                rows = np.flatnonzero(done.changed)
                found = await alarms_state.desk_of(connection, definitions.alarm_id[rows].tolist(), lock=True)
                fresh = alarms_state.update_desk(definitions, state, found)
                if fresh is None:
                    break
                # An operator was faster: the engine is pure, so it runs again on what is true now.
                state = fresh
                done = compute(state, loaded)
            await alarms_state.save(connection, definitions, done.state, rows)
            await alarms_journal.write(connection, definitions, done.transitions)
            await connection.execute("select ksys_notify('alarms', $1::int[])", definitions.alarm_id[rows].tolist())
        return done

    async def _save_positions(self, now: int) -> None:
        assert self._loaded is not None
        async with self._db.transaction() as connection:
            await alarms_state.save_positions(connection, self._loaded.definitions, self._loaded.state)
        self._positions_saved = now


def _step(batch: ReadingBatch, state: State, loaded: alarms_state.Loaded) -> Step:
    return step(state, loaded.definitions, batch)


async def evaluate_once(db: Database, clock: Clock) -> int:
    """Catch up with everything stored, let time pass to now, save; gives the number of transitions."""
    evaluator = AlarmEvaluator(db, clock)
    count = await evaluator.catch_up() + await evaluator.on_timer(clock())
    await evaluator.close()
    return count


def _carry(before: alarms_state.Loaded, loaded: alarms_state.Loaded) -> None:
    """Take over the newest readings seen, and where flat values moved, from an earlier load."""
    old, new = before.definitions, loaded.definitions
    _, was, now = np.intersect1d(old.sensor_id, new.sensor_id, assume_unique=True, return_indices=True)
    later = before.state.last_t[was] > loaded.state.last_t[now]
    was, now = was[later & (before.state.last_t[was] != UNSEEN)], now[later & (before.state.last_t[was] != UNSEEN)]
    for name in ("last_t", "last_v", "last_q"):
        getattr(loaded.state, name)[now] = getattr(before.state, name)[was]
    _, was, now = np.intersect1d(old.alarm_id, new.alarm_id, assume_unique=True, return_indices=True)
    for name in ("flat_t", "flat_v"):
        getattr(loaded.state, name)[now] = getattr(before.state, name)[was]
    resting = loaded.state.cond[now] == 0
    loaded.state.quality[now[resting]] = before.state.quality[was[resting]]
