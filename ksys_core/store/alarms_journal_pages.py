"""Pages of the alarm journal by key, newest first: as fast at the end of millions of entries as at the beginning.

A filter that names values (tags, persons, …) takes the newest entries of each value from the index that begins with
that column and merges them, so that rare values cost no more than frequent ones. Words are looked for where they may
stand: among the tags, their descriptions and the persons, each of them once, and in the few entries that have a text.
Of a reason that is stored as data the values are searched, and what stands for the words that it is shown with.
"""

# ruff: noqa: S608 - statements are made of fixed parts; every value is an argument

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from ksys_core.domain.alarms.reason_search import as_stored, names_with, stored_for
from ksys_core.domain.alarms.reasons import CHANGE_MARK, DISABLED, HIDDEN_MARK
from ksys_core.domain.times import SECOND, to_datetime, to_ns
from ksys_core.store.pool import Database

Key = tuple[int, int]
"""(source time in ns, event id): where a page ends and the next begins."""


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which entries to show; None means any. Times in ns, `stop` exclusive; `area` includes what lies below it.

    Attributes:
        kinds: kinds of event (ACT, ACK, …); alarm_kinds: kinds of alarm (HH, RATE, …).
        actor: who did it, by login. text: part of a tag, its description, a person, a station or a reason as
            it is shown in any language.
    """

    start: int | None = None
    stop: int | None = None
    alarm_ids: Sequence[int] | None = None
    tags: Sequence[str] | None = None
    area: str | None = None
    priorities: Sequence[int] | None = None
    kinds: Sequence[str] | None = None
    alarm_kinds: Sequence[str] | None = None
    actor: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One transition. Times in ns: `source` at the plant, `detected` after the delay, `recorded` in the database."""

    event_id: int
    alarm_id: int
    sensor_id: int
    tag: str
    area: str
    alarm_kind: str
    kind: str
    source: int
    detected: int
    recorded: int
    actor: str
    station: str
    reason: str
    value: float | None
    limit: float | None
    priority: int
    occurrence: int
    isa_from: str
    isa_to: str

    @property
    def clocks_disagree(self) -> bool:
        """Whether it had been recorded before it happened: the clock of its source is wrong, and so is its order."""
        return self.source > self.recorded + _CLOCKS_APART


_CLOCKS_APART: Final = 3 * SECOND
"""Clocks that are set by a time server differ by less."""
_RENAMED: Final = {
    "source": "source_ts",
    "detected": "detected_ts",
    "recorded": "recorded_at",
    "limit": "limit_value",
}
_COLUMNS: Final = ", ".join(_RENAMED.get(f.name, f.name) for f in fields(JournalEntry))
_ORDER: Final = "order by source_ts desc, event_id desc"
_OLDEST_FIRST: Final = "order by source_ts, event_id"
_DRIVERS: Final = {
    "alarm_id": "int[]", "tag": "text[]", "actor": "text[]", "area": "text[]", "alarm_kind": "text[]", "kind": "text[]",
    "priority": "smallint[]",
}  # fmt: skip
"""Columns with an index of their own, the most selective first."""
_WRITTEN: Final = """(reason <> '' or station <> '') and case when reason like any({data})
  then reason like any({patterns}) or position(lower({text}) in lower(station)) > 0
       or position(lower({stored}) in {values}) > 0
  else position(lower({text}) in lower(reason || ' ' || station)) > 0 end"""

# Distinct values by one descent into the index for each of them.
_DISTINCT: Final = """
with recursive each as (
  (select {column} as v from alarm_events order by {column} limit 1)
  union all
  select (select {column} from alarm_events where {column} > each.v order by {column} limit 1)
    from each where v is not null)
select v from each where v is not null
"""
_MATCHING: Final = """
select array(select v from ({tags}) t where position(lower($1) in lower(v)) > 0
             union select tag from sensors
              where position(lower($1) in lower(concat_ws(' ', description ->> 'en', description ->> 'ko'))) > 0)
            as tags,
       array(select v from ({actors}) a where position(lower($1) in lower(v)) > 0) as actors,
       array({areas}) as areas
""".format(**{f"{column}s": _DISTINCT.format(column=column) for column in ("tag", "actor", "area")})
_AREAS: Final = f"select v from ({_DISTINCT.format(column='area')}) a where v = $1 or starts_with(v, $1 || '/')"


class _Query:
    """Conditions with their arguments, and the statements made of them."""

    def __init__(self) -> None:
        self.args: list[object] = []
        self.conditions: list[str] = []
        self.driver: tuple[str, str] | None = None
        self.words: tuple[str, str, str] | None = None
        """Tags and persons that have the words, and the condition on what is written in an entry."""

    def arg(self, value: object, of_type: str) -> str:
        self.args.append(value)
        return f"${len(self.args)}::{of_type}"

    def among(self, column: str, values: Sequence[object]) -> None:
        """Only these values; the first such column leads the search."""
        given = self.arg(list(values), _DRIVERS[column])
        if self.driver is None:
            self.driver = (column, given)
        else:
            self.conditions.append(f"{column} = any({given})")

    def first(self, limit: str, order: str = _ORDER) -> str:
        """The newest (by `order`: the oldest) entries up to `limit` as a FROM item."""
        most = f"{order} limit {limit}"
        if self.driver is not None:
            words = [] if self.words is None else [self._any_word(*self.words)]
            return f"{self._each(*self.driver, most, words)} as found"
        if self.words is None:
            return f"(select * from alarm_events {self._where([])} {most}) as found"
        tags, actors, condition = self.words
        written = f"(select * from alarm_events {self._where([condition])} {most})"
        parts = (self._each("tag", tags, most, []), self._each("actor", actors, most, []), written)
        return "(" + " union ".join(f"select * from {part} as part" for part in parts) + ") as found"

    def every(self) -> str:
        """All entries as a FROM item with its conditions."""
        extra = [] if self.words is None else [self._any_word(*self.words)]
        if self.driver is not None:
            extra.append(f"{self.driver[0]} = any({self.driver[1]})")
        return f"alarm_events {self._where(extra)}"

    def _each(self, column: str, values: str, most: str, more: list[str]) -> str:
        inner = f"select * from alarm_events {self._where([f'{column} = v', *more])} {most}"
        return f"(select e.* from unnest({values}) as d(v) cross join lateral ({inner}) as e)"

    def _where(self, more: list[str]) -> str:
        conditions = [*more, *self.conditions]
        return f"where {' and '.join(conditions)}" if conditions else ""

    def _any_word(self, tags: str, actors: str, written: str) -> str:
        return f"(tag = any({tags}) or actor = any({actors}) or {written})"


async def page(db: Database, before: Key | None, limit: int, only: JournalFilter) -> list[JournalEntry]:
    """The newest `limit` entries that come before the key, newest first."""
    query = await _query(db, before, only)
    most = query.arg(limit, "int")
    rows = await db.fetch(f"select {_COLUMNS} from {query.first(most)} {_ORDER} limit {most}", *query.args)
    return [_entry(row) for row in rows]


async def skip(db: Database, before: Key | None, rows: int, only: JournalFilter) -> Key | None:
    """The key of the entry `rows` (at least 1) further; None when there are not so many."""
    query = await _query(db, before, only)
    most = query.arg(rows, "int")
    found = await db.fetchrow(
        f"select source_ts, event_id from {query.first(most)} {_ORDER} offset {most} - 1 limit 1",
        *query.args,
    )
    return None if found is None else (to_ns(found[0]), found[1])


async def above_oldest(db: Database, rows: int, only: JournalFilter) -> Key | None:
    """The key of the entry above the `rows` oldest; None when there are no more than these."""
    query = await _query(db, None, only)
    most = query.arg(rows + 1, "int")
    found = await db.fetchrow(
        f"select source_ts, event_id from {query.first(most, _OLDEST_FIRST)} {_OLDEST_FIRST} offset {most} - 1 limit 1",
        *query.args,
    )
    return None if found is None else (to_ns(found[0]), found[1])


async def count(db: Database, before: Key | None, only: JournalFilter) -> int:
    """How many entries come before the key; reads all of them in the index."""
    query = await _query(db, before, only)
    return int(await db.fetchval(f"select count(*) from {query.every()}", *query.args))


async def actors(db: Database) -> list[str]:
    """Everyone who stands in the journal, by login."""
    return [row["v"] for row in await db.fetch(_DISTINCT.format(column="actor"))]


async def _query(db: Database, before: Key | None, only: JournalFilter) -> _Query:
    query = _Query()
    if before is not None:
        at, event_id = query.arg(to_datetime(before[0]), "timestamptz"), query.arg(before[1], "bigint")
        query.conditions.append(f"(source_ts, event_id) < ({at}, {event_id})")
    for comparison, t in ((">=", only.start), ("<", only.stop)):
        if t is not None:
            query.conditions.append(f"source_ts {comparison} {query.arg(to_datetime(t), 'timestamptz')}")
    given: dict[str, Sequence[object] | None] = {
        "alarm_id": only.alarm_ids,
        "tag": only.tags,
        "actor": None if only.actor is None else [only.actor],
        "area": None if only.area is None else [row["v"] for row in await db.fetch(_AREAS, only.area)],
        "alarm_kind": only.alarm_kinds,
        "kind": only.kinds,
        "priority": only.priorities,
    }
    for column, values in given.items():
        if values is not None:
            query.among(column, values)
    if only.text:
        found = await db.fetchrow(_MATCHING, only.text)
        assert found is not None
        written = _written(query, only.text, found["areas"])
        query.words = query.arg(found["tags"], "text[]"), query.arg(found["actors"], "text[]"), written
    return query


def _written(query: _Query, text: str, areas: Sequence[str]) -> str:
    """The condition that an entry has the words in what somebody wrote, or in its reason as it is shown."""
    values = "lower(reason)"
    for name in names_with(text):  # few, or the words are so short that many entries have them
        values = f"replace({values}, '{name}', '')"
    return _WRITTEN.format(
        data=query.arg([_pattern([mark]) for mark in (HIDDEN_MARK, CHANGE_MARK, DISABLED)], "text[]"),
        patterns=query.arg([_pattern(parts) for parts in stored_for(text, areas)], "text[]"),
        stored=query.arg(as_stored(text), "text"),
        text=query.arg(text, "text"),
        values=values,
    )


def _pattern(parts: Sequence[str]) -> str:
    """For LIKE: begins with the first part, has the others in it."""
    return "".join(re.sub(r"([\\%_])", r"\\\1", part) + "%" for part in parts)


def _entry(row: Any) -> JournalEntry:
    values = list(row)
    for place in (7, 8, 9):
        values[place] = to_ns(values[place])
    return JournalEntry(*values)
