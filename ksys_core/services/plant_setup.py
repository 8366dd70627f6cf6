"""Setting up the demo plant: its tags, limits, formulas and alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.alarms.matrix import Severity
from ksys_core.domain.tags import LimitKind
from ksys_core.services import alarms_rules
from ksys_core.services.alarms_rules import NewRule
from ksys_core.sources.simulator.guidance import GUIDANCE, SOURCE_TEXTS
from ksys_core.sources.simulator.source import refuse_foreign
from ksys_core.sources.simulator.tags import INTERVAL_S, TAGS, VIRTUAL_TAGS, VirtualSpec
from ksys_core.sources.simulator.tagspec import AlarmTexts, TagSpec
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.pool import Database
from ksys_core.store.sensors import NewSensor, all_sensors, limits_in_force, set_limits, upsert_sensors
from ksys_core.store.sources import all_sources, ensure_source
from ksys_core.store.virtual import define

SOURCE_NAME: Final = "simulator"
GAP_LIMIT_S: Final = 120.0
VIRTUAL_INTERVAL_S: Final = 60.0
HEARTBEAT: Final = "FEED_VALVE_OPEN"
"""The tag that stands for the source: no outage of a part of the plant touches it."""
LOW_WHILE_CLEANING: Final[Mapping[str, frozenset[str]]] = {
    tag: frozenset(("L", "LL"))
    for tag in (
        "FEED_FLOW",
        "PRODUCT_FLOW",
        "CONC_FLOW",
        "STAGE1_PRODUCT_FLOW",
        "STAGE2_PRODUCT_FLOW",
        "INLET_PRESSURE",
        "RAW_FLOW",
        "ANTISCALANT_FLOW",
    )
}
"""Alarms that a cleaning raises, for nothing is produced then."""
CLEANING_TITLE: Final = {"en": "Cleaning in place: no production", "ko": "화학세정(CIP) 중: 생산 정지"}
URGENT: Final = frozenset({("FEED_CHLORINE", "HH"), ("PRODUCT_COND", "HH"), ("PRODUCT_TANK_LEVEL", "LL")})
"""Alarms of priority 1: minutes are left, and the damage is lasting or outside the plant."""
_URGENT_S: Final = 300.0
_RESPONSE_S: Final = 900.0
"""Maximum time to respond of the others whose record is whole."""


async def install_demo_plant(db: Database, *, seed: int = 1, history_days: float = 30.0) -> dict[str, int]:
    """Create what is missing of the simulated plant and return the sensor_id of each tag.

    Tags and limits that are there stay as people changed them; so do alarms and formulas once all was set up. The
    row of ``data_sources`` comes last: with it the scheduler service begins to run the plant.

    Raises:
        KnownError: one of the names is a tag of the real plant.
    """
    refuse_foreign(await all_sensors(db))
    ids = await upsert_sensors(db, [*map(_sensor, TAGS), *map(_sensor, VIRTUAL_TAGS)], overwrite=False)
    known = await limits_in_force(db)
    limits = {spec.tag: spec.limits for spec in TAGS} | {spec.tag: spec.limits for spec in VIRTUAL_TAGS}
    for tag, values in limits.items():
        if values and ids[tag] not in known:
            await set_limits(db, ids[tag], dict(values), reason="start value of the simulated plant")
    if all(source.name != SOURCE_NAME for source in await all_sources(db)):
        await _install_alarms(db, ids)
        for virtual in VIRTUAL_TAGS:
            await define(db, ids[virtual.tag], virtual.expression, GAP_LIMIT_S)
    await ensure_source(db, SOURCE_NAME, "simulator", {"seed": seed, "history_days": history_days})
    return ids


async def _install_alarms(db: Database, ids: Mapping[str, int]) -> None:
    """The alarms of the tags, the diagnostic of the source, and the rule that hides what a cleaning brings about."""
    alarms = [alarm for spec in TAGS for alarm in _alarms(spec, ids[spec.tag])]
    made = await upsert_definitions(db, [*alarms, _source_alarm(ids[HEARTBEAT])])
    hidden = [
        number
        for number, alarm in zip(made, alarms, strict=False)
        if any(ids[tag] == alarm.sensor_id and alarm.kind in kinds for tag, kinds in LOW_WHILE_CLEANING.items())
    ]
    rule = NewRule(CLEANING_TITLE, "CIP_ACTIVE == 1", alarm_ids=tuple(hidden), hold_off_s=300.0, owner="RO")
    await alarms_rules.permit_own_approval(db, True, "the simulated plant is one person's", "")
    rule_id = await alarms_rules.save(db, rule, "")
    await alarms_rules.approve(db, rule_id, 1, "")


def _source_alarm(sensor_id: int) -> NewAlarmDefinition:
    """One for the whole source, on a tag that reports whatever the plant does; two scans after it is stale."""
    texts = SOURCE_TEXTS
    return NewAlarmDefinition(
        sensor_id=sensor_id,
        kind="SOURCE",
        label=SOURCE_NAME,
        on_delay_s=2 * INTERVAL_S,
        priority=2,
        alarm_class="asset",
        cause=texts.cause,
        consequence=texts.consequence,
        action=texts.action,
    )


def _sensor(spec: TagSpec | VirtualSpec) -> NewSensor:
    measured = isinstance(spec, TagSpec)
    return NewSensor(
        tag=spec.tag,
        unit=spec.unit,
        area=spec.area,
        role=spec.role,
        origin="simulator" if measured else "virtual",
        description=spec.description,
        span_low=spec.span[0],
        span_high=spec.span[1],
        normal_low=spec.normal[0],
        normal_high=spec.normal[1],
        decimals=spec.decimals,
        interval_s=INTERVAL_S if measured else VIRTUAL_INTERVAL_S,
        interpolation=spec.interpolation if isinstance(spec, TagSpec) else "linear",
    )


def _alarms(spec: TagSpec, sensor_id: int) -> list[NewAlarmDefinition]:
    return [_alarm(spec, sensor_id, kind) for kind in spec.limits]


def _alarm(spec: TagSpec, sensor_id: int, kind: LimitKind) -> NewAlarmDefinition:
    texts = GUIDANCE.get((spec.tag, kind), AlarmTexts())
    urgent, known = (spec.tag, kind) in URGENT, (spec.tag, kind) in GUIDANCE
    severity: Severity = "severe" if urgent or kind in ("HH", "LL") else "major"
    return NewAlarmDefinition(
        sensor_id=sensor_id,
        kind=kind,
        dead_band=spec.dead_band,
        on_delay_s=spec.delay_s,
        off_delay_s=spec.delay_s,
        priority=1 if urgent else 2 if kind in ("HH", "LL") else 3,
        alarm_class="quality" if spec.measure == "quality" else "process",
        cause=texts.cause,
        consequence=texts.consequence,
        action=texts.action,
        severity=severity if known else None,
        response_s=(_URGENT_S if urgent else _RESPONSE_S) if known else None,
        rationalised=known,
    )
