"""Everything the alarm evaluator works on, read from the database: definitions, state, rules, maintenance."""

from __future__ import annotations

import numpy as np

from ksys_core.domain.alarms.columns import UNSEEN
from ksys_core.log import get_logger
from ksys_core.services.alarms_suppression import Suppression, followed_tags, place
from ksys_core.store import alarms_rules, alarms_saving, alarms_state
from ksys_core.store.pool import Database

_log = get_logger(__name__)


async def load_all(
    db: Database, now: int, before: alarms_state.Loaded | None, suppression: Suppression
) -> tuple[alarms_state.Loaded, Suppression]:
    """Read everything at `now` (ns); what has been seen of the tags since stays, and how the rules stand."""
    async with db.transaction() as connection:
        retired = await alarms_saving.retire_disabled(connection)
        if retired:
            await connection.execute("select ksys_notify('alarms', $1::int[])", retired)
        rules = await alarms_rules.acting_rules(connection)
        loaded = await alarms_state.load(connection, now, followed_tags(rules))
        if before is not None:
            _carry(before, loaded)
        placed = await place(connection, rules, loaded, suppression)
    definitions = loaded.definitions
    _log.info("alarms.loaded", definitions=len(definitions), tags=len(definitions.sensor_id), rules=len(rules))
    return loaded, placed


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
