"""Limits and dead bands of one tag must fit together: whoever changes either asks here before the commit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ksys_core.domain.alarms.definition import contradiction
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.store.connection import Connection

_IN_FORCE: Final = """
select s.tag, s.span_high - s.span_low as span, l.limits, b.dead_bands
  from sensors s
  cross join lateral (select coalesce(jsonb_object_agg(kind, value), '{}') as limits
                        from sensor_limits where sensor_id = s.sensor_id and valid_to is null) l
  cross join lateral (select coalesce(jsonb_object_agg(kind, dead_band), '{}') as dead_bands
                        from (select d.kind, max(case d.dead_band_unit
                                when 'span' then coalesce(d.dead_band / 100 * (s.span_high - s.span_low), 0)
                                else d.dead_band end) as dead_band
                                from alarm_definitions d
                               where d.sensor_id = s.sensor_id and d.enabled and d.kind in ('HH', 'H', 'L', 'LL')
                               group by d.kind) each) b
 where s.sensor_id = any($1::int[]) order by s.tag
"""


@dataclass(frozen=True, slots=True)
class TagLimits:
    """Limits in force and dead bands of enabled alarms by kind, in the tag's unit; `span` None: unknown."""

    tag: str
    span: float | None
    limits: Mapping[str, float]
    dead_bands: Mapping[str, float]

    def check(self) -> None:
        """Raise `KnownError` "alarm.contradiction" when such alarms cannot stand together or would never clear."""
        reason = contradiction(self.limits, self.dead_bands, self.span)
        if reason is not None:
            raise KnownError("alarm.contradiction", N_("{tag}: {reason}"), tag=self.tag, reason=tr(reason))


async def tag_limits(connection: Connection, sensor_ids: Sequence[int]) -> list[TagLimits]:
    """What is in force for some tags."""
    rows = await connection.fetch(_IN_FORCE, sensor_ids)
    return [TagLimits(tag, span, json.loads(limits), json.loads(bands)) for tag, span, limits, bands in rows]


async def refuse_contradictions(connection: Connection, sensor_ids: Sequence[int]) -> None:
    """Raise `KnownError` for the first tag that contradicts itself now; within the transaction that changed it.

    Until its commit nobody else gets this far, so two changes that fit alone but not together don't both pass.
    """
    await connection.execute("select pg_advisory_xact_lock(hashtext('ksys alarm limits'))")
    for found in await tag_limits(connection, sensor_ids):
        found.check()
