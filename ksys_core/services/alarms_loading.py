"""What the alarm evaluator works on, read from the database: all of it at first, later what has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, fields

import numpy as np

from ksys_core.domain.alarms.splicing import Splice, splice
from ksys_core.domain.alarms.state import Desk, State
from ksys_core.log import get_logger
from ksys_core.services.alarms_suppression import Suppression, followed_tags, going_on, place, with_maintenance
from ksys_core.store import alarms_evaluated, alarms_rules, alarms_saving, alarms_state
from ksys_core.store.alarms_evaluated import Loaded
from ksys_core.store.pool import Database

_log = get_logger(__name__)


async def load_all(db: Database, now: int) -> tuple[Loaded, Suppression]:
    """Read everything at `now` (ns)."""
    async with db.transaction() as connection:
        await alarms_saving.retire_disabled(connection)
        rules = await alarms_rules.acting_rules(connection)
        loaded = await alarms_evaluated.load(connection, now, followed_tags(rules))
        placed = await place(connection, rules, loaded.definitions, loaded.followed)
    _told(loaded, placed)
    return loaded, placed


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Definitions and rules read again while the evaluation went on, ready to take the place of `before`."""

    before: Loaded
    stood: Suppression
    read: Loaded
    splice: Splice
    placed: Suppression


async def read_again(
    db: Database, now: int, before: Loaded, stood: Suppression, tags: Collection[int] | None
) -> Reading:
    """Read the alarms of `tags` (sensor ids; None: of all) and the rules at `now` (ns), beside the evaluation."""
    async with db.transaction() as connection:
        rules = await alarms_rules.acting_rules(connection)
        read = await alarms_evaluated.load(connection, now, followed_tags(rules), tags=tags, before=before)
        followed = list(read.followed.values())
        made = await asyncio.to_thread(splice, before.definitions, read.definitions, tags, followed)
        placed = await place(connection, rules, made.definitions, read.followed)
    return Reading(before, stood, read, made, placed)


async def put_in_place(
    db: Database, reading: Reading, loaded: Loaded, stands: Suppression
) -> tuple[Loaded, Suppression]:
    """What was read, with the state of `loaded` and the rules as they stand: what has happened since is kept.

    From here on the new definitions count, all at once. No evaluation may go on meanwhile.
    """
    read, made = reading.read, reading.splice
    state = await asyncio.to_thread(made.state, loaded.state, read.state)
    async with db.transaction() as connection:
        gone = made.gone(loaded.definitions).tolist()
        if gone:
            await alarms_saving.retire_disabled(connection, gone)
        asked = _doubtful(made, loaded.state, read.state)
        if asked:
            found = await alarms_state.desk_of(connection, asked)
            state = alarms_state.update_desk(made.definitions, state, found) or state
        placed = going_on(reading.placed, stands)
        if stands.maintenance is not reading.stood.maintenance:
            placed = await with_maintenance(connection, placed, made.definitions)
    new = made.definitions.alarm_id[made.row_before < 0].tolist()
    reasons = {alarm_id: read.reasons[alarm_id] for alarm_id in new if alarm_id in read.reasons}
    whole = Loaded(made.definitions, state, read.followed, reasons, read.groups)
    _told(whole, placed)
    return whole, placed


def _doubtful(made: Splice, evaluated: State, read: State) -> list[int]:
    """Alarms whose operators' side was told by messages otherwise than it was read, and new ones: which is newer?"""
    both = np.flatnonzero((made.row_before >= 0) & (made.row_read >= 0))
    differs = made.row_before < 0
    for name in (field.name for field in fields(Desk)):
        known, found = getattr(evaluated.desk, name), getattr(read.desk, name)
        differs[both] |= known[made.row_before[both]] != found[made.row_read[both]]
    return sorted(made.definitions.alarm_id[differs].tolist())


def _told(loaded: Loaded, placed: Suppression) -> None:
    definitions = loaded.definitions
    _log.info("alarms.loaded", definitions=len(definitions), tags=len(definitions.sensor_id), rules=len(placed.rules))
