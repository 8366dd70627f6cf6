"""Page 50,000 of an alarm journal beside its first page, and the rarest value of each filter beside no filter.

``python -m tests.benchmarks.journal [--json] [--entries N] [--rounds N]``

Pages have 20 rows, so that page 50,000 ends at row 1,000,000. Medians of pages read in turn. The reference of every
figure is the first page without a filter.
"""

from __future__ import annotations

import asyncio
import statistics
import time

from ksys_core.services.alarms_journal import JournalFilter, Key, find_page, journal
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from tests.benchmarks.report import durable_server, line, parser

SIZE, DEEP = 20, 50_000
FILL = """
insert into alarm_events (alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, actor, station,
                          reason, value, priority, occurrence, isa_from, isa_to, regions)
select i % 5000, i % 5000, 'TAG-' || i % 5000, 'AREA ' || i % 40, (array['H', 'HH', 'L', 'LL'])[1 + i % 4],
       case when i % 100 = 0 then 'ACK' when i % 2 = 0 then 'ACT' else 'RTN' end,
       now() - i * interval '7 seconds', now(),
       case when i % 100 = 0 then 'operator ' || i % 7 else 'service' end,
       case when i % 100 = 0 then 'desk 1' else '' end, case when i % 100 = 0 then 'checked on site' else '' end,
       i, 1 + i % 4, 1, 'NORM', 'NORM', 4
  from generate_series(1, $1::int) i
"""
RARE = """
insert into alarm_events (alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, actor, station,
                          reason, value, priority, occurrence, isa_from, isa_to, regions)
select 6000, 6000, 'RARE', 'REMOTE', 'FLAT', 'OOS', now() - i * interval '70 days' / 10, now(), 'visitor', 'desk 9',
       'once in a while', i, 1, 1, 'NORM', 'NORM', 4
  from generate_series(1, 10) i
"""
FILTERS = {
    "tag": JournalFilter(tags=["RARE"]),
    "area": JournalFilter(area="REMOTE"),
    "event": JournalFilter(kinds=["OOS"]),
    "alarm kind": JournalFilter(alarm_kinds=["FLAT"]),
    "person": JournalFilter(actor="visitor"),
    "words": JournalFilter(text="once in a while"),
}


async def measure(dsn: str, entries: int, rounds: int, *, as_json: bool) -> None:
    await migrate(dsn)
    db = await Database.connect(dsn, pool_max=2, statement_timeout_s=0)
    try:
        await db.execute(FILL, entries)
        await db.execute(RARE)
        await db.execute("vacuum analyze alarm_events")
        start = time.perf_counter()
        number, key = await find_page(db, {0: None}, DEEP - 1, SIZE, JournalFilter())
        jump = 1000 * (time.perf_counter() - start)
        pages: dict[str, tuple[Key | None, JournalFilter]] = {
            "first": (None, JournalFilter()),
            "deep": (key, JournalFilter()),
            **{name: (None, only) for name, only in FILTERS.items()},
        }
        took: dict[str, list[float]] = {name: [] for name in pages}
        for _ in range(rounds + 1):
            for name, (at, only) in pages.items():
                start = time.perf_counter()
                await journal(db, at, SIZE, only)
                took[name].append(1000 * (time.perf_counter() - start))
        found = {name: statistics.median(times[1:]) for name, times in took.items()}
        first = found.pop("first")
        deep = found.pop("deep")
        line(
            "journal_page", deep, "ms", first, as_json=as_json, page=number + 1, entries=entries, page_size=SIZE,
            reference_is="page 1", jump_ms=round(jump, 1),
        )  # fmt: skip
        for name, value in found.items():
            line(f"journal_filter_{name.replace(' ', '_')}", value, "ms", first, as_json=as_json, entries=entries)
    finally:
        await db.close()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--entries", type=int, default=1_200_000)
    options.add_argument("--rounds", type=int, default=50)
    given = options.parse_args()
    with durable_server() as dsn:
        asyncio.run(measure(dsn, given.entries, given.rounds, as_json=given.json))


if __name__ == "__main__":
    main()
