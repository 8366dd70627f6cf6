"""Settings of a person's own screen, kept by the database so that they follow the person to every desk."""

from __future__ import annotations

import json
from typing import Any, Final

from ksys_core.store.pool import Database

_LOAD: Final = "select value from settings_values where key = 'user/' || session_user || '/' || $1"
_SAVE: Final = "select ksys_own_setting_save($1, $2::jsonb, $3)"


async def load_own(db: Database, name: str) -> Any:
    """The value (JSON) that the person behind `db` has saved under `name`; None when nothing is."""
    found = await db.fetchval(_LOAD, name)
    return None if found is None else json.loads(found)


async def save_own(db: Database, name: str, value: Any, station: str = "") -> bool:
    """Keep `value` (JSON, up to 64 kB) under `name`; False when it was there already."""
    return bool(await db.fetchval(_SAVE, name, json.dumps(value), station))
