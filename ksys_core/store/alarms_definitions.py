"""Alarm definitions: the rows of ``alarm_definitions``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Final

import asyncpg

from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.alarms_consistency import refuse_contradictions
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database

_TEXTS: Final = ("cause", "consequence", "action", "confirmation")
_RENAMED: Final = {"alarm_class": "class", "group": "group_name"}
_NAMES: Final = tuple(f.name for f in fields(NewAlarmDefinition))
_COLUMNS: Final = tuple(_RENAMED.get(name, name) for name in _NAMES)
_TYPES: Final = {
    "sensor_id": "integer", "kind": "text", "label": "text", "setting": "double precision",
    "reference_sensor_id": "integer", "dead_band": "double precision", "dead_band_unit": "text",
    "on_delay_s": "double precision", "off_delay_s": "double precision", "count": "smallint", "priority": "smallint",
    "class": "text", "latching": "boolean", "realarm_s": "double precision", "group_name": "text",
    "shelvable": "boolean", "max_shelve_s": "double precision", "cause": "jsonb", "consequence": "jsonb",
    "action": "jsonb", "confirmation": "jsonb", "response_s": "double precision", "severity": "text",
    "owner": "text", "basis": "text", "moc_id": "text", "review_date": "date", "rationalised": "boolean",
    "enabled": "boolean",
}  # fmt: skip

_UPSERT: Final = """
with wanted as (select * from unnest({arrays}) with ordinality as w({columns}, place)),
     stored as (
       insert into alarm_definitions ({columns}) select {columns} from wanted order by place
       on conflict (sensor_id, kind, label) do update
         set ({columns}, changed_by, updated_at) = row({excluded}, session_user, now())
         where ({existing}) is distinct from ({excluded})
       returning alarm_id, sensor_id, kind, label)
select coalesce(s.alarm_id, d.alarm_id) as alarm_id
  from wanted w left join stored s using (sensor_id, kind, label)
  left join alarm_definitions d using (sensor_id, kind, label) order by w.place
""".format(  # noqa: S608 - names of columns written above, no input
    arrays=", ".join(f"${i}::{_TYPES[c]}[]" for i, c in enumerate(_COLUMNS, 1)),
    columns=", ".join(_COLUMNS),
    excluded=", ".join(f"excluded.{c}" for c in _COLUMNS),
    existing=", ".join(f"alarm_definitions.{c}" for c in _COLUMNS),
)


async def upsert_definitions(db: Database, definitions: Sequence[NewAlarmDefinition]) -> list[int]:
    """Store definitions, changing those that exist, and give their alarm ids in order.

    Raises:
        KnownError: a record contradicts itself or names an unknown tag, or its dead band the limits of its tag; then
            nothing is stored.
    """
    for definition in definitions:
        definition.check()
    columns = [
        [json.dumps(dict(getattr(d, name))) if name in _TEXTS else getattr(d, name) for d in definitions]
        for name in _NAMES
    ]
    async with db.transaction() as connection:
        stored = await _stored(connection, columns)
        await refuse_contradictions(connection, sorted({d.sensor_id for d in definitions}))
    return stored


async def _stored(connection: Connection, columns: list[list[object]]) -> list[int]:
    try:
        return [row["alarm_id"] for row in await connection.fetch(_UPSERT, *columns)]
    except asyncpg.ForeignKeyViolationError as error:
        raise KnownError("alarm.tag", N_("An alarm names a tag that does not exist. Create the tag first.")) from error
