"""Whether a record of the master alarm table can stand: by itself, and beside the other alarms of its tag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ksys_core.domain.alarms.definition import LIMIT_KINDS, NewAlarmDefinition, check_distance, contradiction
from ksys_core.domain.alarms.master import Key, MasterRecord, Problem
from ksys_core.domain.alarms.matrix import PriorityMatrix, derive
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr

_FIELD_OF: Final[Mapping[str, str]] = {
    "alarm.dead_band": "dead_band",
    "alarm.dead_band_span": "dead_band",
    "alarm.count": "count",
    "alarm.count_window": "on_delay_s",
    "alarm.dead_band_setting": "dead_band",
    "alarm.setting": "limit",
    "alarm.setting_size": "limit",
    "alarm.reference": "reference_tag",
    "alarm.text": "label",
}
_RANGES: Final = (
    ("response_s", 1.0, 30 * 86_400.0),
    ("realarm_s", 60.0, 30 * 86_400.0),
    ("max_shelve_s", 60.0, 604_800.0),
    ("test_interval_days", 1.0, 3660.0),
)


@dataclass(frozen=True, slots=True)
class TagScale:
    """What of a tag its alarms must fit; `span` None: unknown; `limits` in force by kind, with alarms or without."""

    sensor_id: int
    unit: str
    span: float | None
    limits: Mapping[str, float]


def check(record: MasterRecord, tags: Mapping[str, TagScale], matrix: PriorityMatrix) -> list[Problem]:
    """Everything that is wrong with `record` by itself; `tags` are those that exist."""
    found = [*_unknown_tags(record, tags), *_ranges(record)]
    try:
        _definition(record).check()
        if record.tag in tags:
            check_distance(record.kind, record.limit, _dead_band(record, tags[record.tag].span))
    except KnownError as error:
        delay = "off_delay_s" if error.params.get("name") == "off-delay" else "on_delay_s"
        found.append(Problem(_FIELD_OF.get(error.code, delay), error))
    if record.rationalised:
        found += _incomplete(record, matrix)
    return found


def check_changes(
    changed: Sequence[MasterRecord],
    present: Iterable[MasterRecord],
    tags: Mapping[str, TagScale],
    matrix: PriorityMatrix,
) -> dict[Key, list[Problem]]:
    """What is wrong with records that shall replace or join those at `present`, by key; empty: nothing."""
    found = {record.key: check(record, tags, matrix) for record in changed}
    after = {record.key: record for record in present} | {record.key: record for record in changed}
    touched = {record.tag for record in changed}
    together = check_together((record for record in after.values() if record.tag in touched), tags)
    for key, problem in together.items():
        if key in found:
            found[key].append(problem)
    return {key: problems for key, problems in found.items() if problems}


def check_together(records: Iterable[MasterRecord], tags: Mapping[str, TagScale]) -> dict[Key, Problem]:
    """Alarms of one tag whose limits and dead bands cannot stand together; told of each of that tag's limit alarms."""
    by_tag: dict[str, list[MasterRecord]] = {}
    for record in records:
        if record.kind in LIMIT_KINDS and record.tag in tags:
            by_tag.setdefault(record.tag, []).append(record)
    found = {}
    for tag, group in by_tag.items():
        reason = _contradiction(group, tags[tag].span)
        if reason is not None:
            error = KnownError("alarm.contradiction", N_("{tag}: {reason}"), tag=tag, reason=tr(reason))
            field = "dead_band" if "dead band" in reason else "limit"
            found.update({record.key: Problem(field, error) for record in group})
    return found


def _contradiction(group: Sequence[MasterRecord], span: float | None) -> str | None:
    limits = {record.kind: record.limit for record in group if record.limit is not None}
    bands: dict[str, float] = {}
    for record in group:
        if record.enabled:
            bands[record.kind] = max(bands.get(record.kind, 0.0), _dead_band(record, span))
    return contradiction(limits, bands, span)


def _dead_band(record: MasterRecord, span: float | None) -> float:
    """In the tag's unit."""
    return record.dead_band if record.dead_band_unit == "value" else record.dead_band / 100 * (span or 0.0)


def _definition(record: MasterRecord) -> NewAlarmDefinition:
    given: dict[str, Any] = {
        name: getattr(record, name)
        for name in ("kind", "label", "dead_band", "dead_band_unit", "on_delay_s", "off_delay_s", "count")
    }
    reference = 0 if record.reference_tag else None  # whether there is such a tag is asked elsewhere
    return NewAlarmDefinition(sensor_id=0, setting=record.limit, reference_sensor_id=reference, **given)


def _unknown_tags(record: MasterRecord, tags: Mapping[str, TagScale]) -> list[Problem]:
    found = []
    for field, tag in (("tag", record.tag), ("reference_tag", record.reference_tag)):
        if tag and tag not in tags:
            error = KnownError("alarm.tag", N_("There is no tag {tag}. Create it first, or correct the name."), tag=tag)
            found.append(Problem(field, error))
    return found


def _ranges(record: MasterRecord) -> list[Problem]:
    found = []
    for field, least, most in _RANGES:
        value = getattr(record, field)
        if value is not None and not least <= value <= most:
            error = KnownError("alarm.range", N_("It must lie between {least:g} and {most:g}."), least=least, most=most)
            found.append(Problem(field, error))
    return found


def _incomplete(record: MasterRecord, matrix: PriorityMatrix) -> list[Problem]:
    """What a rationalised alarm still lacks."""
    found = []
    for field, missing in (
        ("severity", not record.severity),
        ("response_s", record.response_s is None),
        ("cause_en", not (record.cause_en or record.cause_ko)),
        ("consequence_en", not (record.consequence_en or record.consequence_ko)),
        ("action_en", not record.has_action),
    ):
        if missing:
            error = KnownError(
                "alarm.not_rationalised", N_("Missing: fill it in, or take “Rationalised” away for the time being.")
            )
            found.append(Problem(field, error))
    if not found:
        reasons = derive(matrix, record.severity, record.response_s, has_action=record.has_action).objections
        found += [Problem("rationalised", KnownError("alarm.no_alarm", reason)) for reason in reasons]
    return found
