"""The alarm evaluator of the service: engine steps, each stored with its journal entries in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from ksys_core.domain.alarms.clock import ahead_of, set_back
from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.engine import Step, reconsider
from ksys_core.domain.alarms.state import State
from ksys_core.domain.alarms.suppression import step_with
from ksys_core.domain.alarms.transitions import RTN, SUPR, UNSUPR
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.log import get_logger
from ksys_core.services.alarms_loading import load_all, put_in_place, read_again
from ksys_core.services.alarms_reasons import Reasons
from ksys_core.services.alarms_suppression import Judgement, Suppression, with_maintenance
from ksys_core.store import alarms_journal, alarms_modes, alarms_news, alarms_saving, alarms_state
from ksys_core.store.alarms_evaluated import Loaded
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database

Clock = Callable[[], int]

SETTLE_NS: Final = 2 * SECOND
"""How long readings may be under way: time passes for delays this much behind the clock."""
POSITIONS_NS: Final = 30 * SECOND
DEFINING: Final = frozenset({"limits", "sensors", "alarm_rules", "resync"})
"""Kinds of messages after which definitions are read again, beside the evaluation, for that may take a while."""
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
        self._one_reload = asyncio.Lock()
        self._loaded: Loaded | None = None
        self._suppression = Suppression()
        self._reasons = Reasons({})
        self._positions_saved = 0
        self._behind = True

    async def on_batch(self, batch: ReadingBatch) -> int:
        """Evaluate readings that are stored; gives the number of transitions."""
        async with self._lock:
            await self._load_once()
            if self._behind:
                return await self._catch_up()
            return await self._read(self._plausible(batch))

    async def on_timer(self, now: int) -> int:
        """Let time pass to `now` (ns) less `SETTLE_NS`; gives the number of transitions."""
        async with self._lock:
            await self._load_once()
            await self._follow_clock(now)
            count = await self._catch_up() if self._behind else 0
            count += await self._pass(now - SETTLE_NS)
            if abs(now - self._positions_saved) >= POSITIONS_NS:
                await self._save_positions(now)
            return count

    async def catch_up(self) -> int:
        """Evaluate what is stored and was not given by `on_batch`; gives the number of transitions."""
        async with self._lock:
            await self._load_once()
            return await self._catch_up()

    async def on_changed(self, kind: str, ids: Iterable[int]) -> int:
        """React to a message of the database: definitions, limits, tags, rules, operators' actions."""
        if kind in DEFINING:
            return await self._reload(kind, list(ids))
        async with self._lock:
            if self._loaded is None:
                return 0
            if kind == "alarms":
                await self._refresh_desk(list(ids))
            elif kind == "alarm_modes":
                await self._refresh_maintenance()
                return await self._pass(self._clock() - SETTLE_NS)
            return 0

    async def close(self) -> None:
        """Save how far the evaluation has come."""
        async with self._lock:
            if self._loaded is not None:
                await self._save_positions(self._clock())

    async def _load_once(self) -> None:
        if self._loaded is None:
            self._loaded, self._suppression = await load_all(self._db, self._clock())
            self._reasons = Reasons(self._loaded.reasons)
            self._behind = True

    async def _reload(self, kind: str, ids: list[int]) -> int:
        """Read again what a message names, while evaluation goes on by what was in force; then change over at once."""
        async with self._one_reload:
            async with self._lock:
                before, stood = self._loaded, self._suppression
            if before is None:
                return 0
            tags = [] if kind == "alarm_rules" else ids or None
            reading = await read_again(self._db, self._clock(), before, stood, tags)
            async with self._lock:
                if self._loaded is None or self._loaded.definitions is not before.definitions:
                    return 0  # everything has been read anew after an error
                now = self._clock() - SETTLE_NS
                count = await self._catch_up() if self._behind else 0
                count += await self._pass(now)  # by what was in force until now
                self._loaded, self._suppression = await put_in_place(self._db, reading, self._loaded, self._suppression)
                self._reasons.join(self._loaded.reasons)
                self._behind = True  # readings of new tags may have come meanwhile
                count += await self._catch_up()
                if kind == "alarm_rules":
                    return count + await self._pass(now)
                return count + await self._advance(lambda state, loaded: reconsider(state, loaded.definitions, now))

    async def _catch_up(self) -> int:
        assert self._loaded is not None
        count, more = 0, True
        while more:
            news = await alarms_news.next_batch(self._db, self._loaded.definitions, self._loaded.state)
            batch = self._plausible(news.batch)
            more = news.more and len(batch) > 0
            if len(batch):
                count += await self._read(batch)
        self._behind = False
        return count

    async def _read(self, batch: ReadingBatch) -> int:
        assert self._loaded is not None
        judged = self._suppression.judge_readings(self._loaded, batch, self._clock())
        return await self._advance(
            lambda state, loaded: step_with(state, loaded.definitions, judged.demands, batch), judged
        )

    async def _pass(self, at: int) -> int:
        assert self._loaded is not None
        if self._suppression.maintenance_over(at):
            await alarms_modes.close_over(self._db, at)
            await self._refresh_maintenance()
        judged = self._suppression.judge_time(self._loaded, at)
        return await self._advance(
            lambda state, loaded: step_with(state, loaded.definitions, judged.demands, now=at), judged
        )

    async def _follow_clock(self, now: int) -> None:
        """After the clock was set back: read again from now on what would be passed over until it is as late again."""
        assert self._loaded is not None
        loaded = self._loaded
        ahead = ahead_of(loaded.state, now + FUTURE_NS)
        if not len(ahead):
            return
        sensors = loaded.definitions.sensor_id[ahead].tolist()
        _log.warning("alarms.clock_set_back", sensors=sensors[:20], tags=len(sensors))
        async with self._db.transaction() as connection:
            await alarms_saving.set_back_positions(connection, sensors, now)
        self._loaded = replace(loaded, state=set_back(loaded.state, loaded.definitions, ahead, now))

    def _plausible(self, batch: ReadingBatch) -> ReadingBatch:
        ahead = batch.t > self._clock() + FUTURE_NS
        if not ahead.any():
            return batch
        _log.warning(
            "alarms.future_readings", readings=int(ahead.sum()), sensors=np.unique(batch.sensor_id[ahead]).tolist()[:20]
        )
        return batch.only(~ahead)

    async def _refresh_maintenance(self) -> None:
        assert self._loaded is not None
        async with self._db.connection() as connection:
            self._suppression = await with_maintenance(connection, self._suppression, self._loaded.definitions)

    async def _refresh_desk(self, ids: list[int]) -> None:
        assert self._loaded is not None
        definitions, state = self._loaded.definitions, self._loaded.state
        async with self._db.connection() as connection:
            found = await alarms_state.desk_of(connection, ids or definitions.alarm_id.tolist())
        changed = alarms_state.update_desk(definitions, state, found)
        if changed is not None:
            self._loaded = replace(self._loaded, state=changed)

    async def _advance(self, compute: Callable[[State, Loaded], Step], judged: Judgement | None = None) -> int:
        """Run the engine and store what changed. After an error all is read anew: who knows what has been stored."""
        assert self._loaded is not None
        loaded = self._loaded
        self._behind, was_behind = True, self._behind
        done = compute(loaded.state, loaded)
        if done.changed.any() or (judged is not None and (judged.changed or judged.demands)):
            self._loaded = None
            done = await self._store(loaded, compute, done, judged)
        self._loaded = replace(loaded, state=done.state)
        self._behind = was_behind
        return len(done.transitions)

    async def _store(
        self, loaded: Loaded, compute: Callable[[State, Loaded], Step], done: Step, judged: Judgement | None
    ) -> Step:
        """All that is written is locked at once and in order, as everyone locks alarms: nobody waits in a circle."""
        definitions, state = loaded.definitions, loaded.state
        suppression = self._suppression if judged is None else self._suppression.after(judged)
        while True:
            hides = judged is not None and (judged.changed or bool(judged.demands))
            hides = hides or bool(np.isin(done.transitions.event, [SUPR, UNSUPR]).any())
            reasons = self._reasons.news(suppression, definitions, done.state, self._clock()) if hides else {}
            async with self._db.transaction() as connection:
                ids = sorted({*definitions.alarm_id[done.changed].tolist(), *reasons})
                found = await alarms_state.desk_of(connection, ids, lock=True)
                fresh = alarms_state.update_desk(definitions, state, found)
                if fresh is None:
                    await self._write(connection, definitions, done, reasons)
                    if judged is not None and judged.changed:
                        await suppression.keep(connection, judged)
                    break
            # An operator was faster: the engine is pure, so it runs again on what is true now.
            state = fresh
            done = compute(state, loaded)
        self._reasons.stored(reasons)
        self._suppression = suppression
        return done

    async def _write(
        self, connection: Connection, definitions: Definitions, done: Step, reasons: dict[int, str]
    ) -> None:
        rows, transitions = np.flatnonzero(done.changed), done.transitions
        await alarms_saving.save(connection, definitions, done.state, rows)
        await alarms_saving.save_spells(connection, definitions, done.state, transitions.row[transitions.event == RTN])
        told = self._reasons.journaled(definitions, transitions, reasons)
        await alarms_journal.write(connection, definitions, transitions, told)
        if reasons:
            await alarms_saving.save_reasons(connection, reasons)
        changed = sorted({*definitions.alarm_id[rows].tolist(), *reasons})
        if changed:
            await connection.execute("select ksys_notify('alarms', $1::int[])", changed)

    async def _save_positions(self, now: int) -> None:
        assert self._loaded is not None
        async with self._db.transaction() as connection:
            await alarms_saving.save_positions(connection, self._loaded.definitions, self._loaded.state)
        self._positions_saved = now


async def evaluate_once(db: Database, clock: Clock) -> int:
    """Catch up with everything stored, let time pass to now, save; gives the number of transitions."""
    evaluator = AlarmEvaluator(db, clock)
    count = await evaluator.catch_up() + await evaluator.on_timer(clock())
    await evaluator.close()
    return count
