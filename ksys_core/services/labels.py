"""Labelled events: entered one by one or from a CSV file, and what alarms and advisories made of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.domain.detection import Events, score
from ksys_core.domain.times import to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.services.comparison import EARLY_NS, Compared
from ksys_core.store import labels as store
from ksys_core.store.labels import Label, StoredLabel
from ksys_core.store.pool import Database
from ksys_core.store.sensors import all_sensors

__all__ = ["Label", "StoredLabel"]

COLUMNS: Final = ("from", "to", "text", "tag", "area")
"""Headers of a file of labels; text, tag and area may be missing."""
TOTAL: Final = N_("All labelled events")


def read_labels(path: Path, zone: ZoneInfo) -> list[Label]:
    """Labels of a CSV file with the columns from, to, text, tag, area; times without an offset are of `zone`.

    Raises:
        KnownError: the file can't be read, a column is missing, or a row is wrong (it names the line).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"from", "to"} <= set(reader.fieldnames or ()):
                raise KnownError("labels.columns", N_("{file} needs the columns from and to."), file=path.name)
            return [_label(row, reader.line_num, path.name, zone) for row in reader]
    except OSError as error:
        reason = error.strerror or str(error)
        raise KnownError("labels.file", N_("{file} can't be read: {reason}."), file=path, reason=reason) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise KnownError("labels.text", N_("{file} is no CSV file in UTF-8."), file=path.name) from error


def label_of(texts: Mapping[str, str | None], zone: ZoneInfo) -> Label:
    """A label from what was typed, by `COLUMNS`.

    Raises:
        KnownError: a time can't be read, or the end does not come after the begin.
    """
    start, end = (_instant(texts.get(name) or "", zone) for name in ("from", "to"))
    if end <= start:
        raise KnownError("labels.order", N_("The event ends before it begins."))
    tag, area, text = ((texts.get(name) or "").strip() for name in ("tag", "area", "text"))
    return Label(tag or None, area, start, end, text[:1000] or "–")


async def add_labels(db: Database, labels: Sequence[Label], *, station: str) -> int:
    """Store labels; how many are new.

    Raises:
        KnownError: a label names a tag that does not exist; then nothing is stored.
    """
    known = {sensor.tag: sensor.sensor_id for sensor in await all_sensors(db)}
    missing = sorted({label.tag for label in labels if label.tag is not None} - set(known))
    if missing:
        raise KnownError("labels.tag", N_("There are no tags with these names: {tags}."), tags=", ".join(missing[:10]))
    return await store.add(db, [(each, known[each.tag] if each.tag else None) for each in labels], station)


async def remove_label(db: Database, event_id: int, *, station: str) -> bool:
    """Take a label away; False when it is gone already."""
    return await store.remove(db, event_id, station)


async def stored_labels(db: Database) -> list[StoredLabel]:
    """Every label, newest event first."""
    return await store.listed(db)


async def compare_stored(db: Database, *, start: int, stop: int, early_ns: int = EARLY_NS) -> list[Compared]:
    """Alarms of the journal against advisories, on the labelled events of ``[start, stop)`` (ns): in all, then by tag
    or area. What happened at tags and areas without labels is not judged.
    """
    scopes: dict[tuple[str | None, str], list[Label]] = {}
    for each in await store.listed(db):
        if each.label.end > start and each.label.start < stop:
            scopes.setdefault((each.label.tag, each.label.area), []).append(each.label)
    found = []
    for (tag, area), labels in sorted(scopes.items(), key=lambda item: (item[0][0] or "", item[0][1])):
        events = events_of(labels)
        alarms = await store.alarm_times(db, tag, area, start, stop)
        advisories = await store.advisory_times(db, tag, area, start, stop)
        scores = (score(times, events, start, stop, early=early_ns) for times in (alarms, advisories))
        found.append(Compared(tag or area, *scores))
    return [total(found), *found] if found else []


def total(found: Sequence[Compared]) -> Compared:
    """All of `found` in one."""
    rules, model = found[0].rules, found[0].model
    for each in found[1:]:
        rules, model = rules + each.rules, model + each.model
    return Compared(TOTAL, rules, model)


def events_of(labels: Sequence[Label]) -> Events:
    """The labels' times."""
    return Events(
        np.array([each.start for each in labels], np.int64), np.array([each.end for each in labels], np.int64)
    )


def _label(row: Mapping[str, str | None], line: int, file: str, zone: ZoneInfo) -> Label:
    try:
        return label_of(row, zone)
    except KnownError as error:
        raise KnownError(
            "labels.row", N_("{file}, line {line}: {reason}"), file=file, line=line, reason=str(error)
        ) from error


def _instant(text: str, zone: ZoneInfo) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise KnownError(
            "labels.time", N_("“{typed}” is no time. Write it like 2026-03-01 14:30."), typed=text
        ) from error
    return to_ns(moment if moment.tzinfo else moment.replace(tzinfo=zone))
