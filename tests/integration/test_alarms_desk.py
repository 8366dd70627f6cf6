"""What operators do: rights, races, reasons, lengths, hostile texts, pages of the journal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from ksys_core.domain.alarms.isa import HIDDEN
from ksys_core.domain.times import DAY, HOUR
from ksys_core.errors import DeniedError, KnownError
from ksys_core.services import alarms
from ksys_core.services.alarms import JournalFilter
from ksys_core.services.alarms_evaluator import AlarmEvaluator, evaluate_once
from ksys_core.store.pool import Database
from tests.integration.alarms_plant import Plant, build_plant

HOSTILE = ["'; drop table alarms; --", "<b onclick=x>&amp;</b>", "{0} %s $1 \\", "가나다 ☃ \u202e", "line\nbreak\ttab"]


def tomorrow() -> int:
    return time.time_ns() + DAY


@asynccontextmanager
async def signed_in(database: Database, group: str) -> AsyncIterator[tuple[Database, str]]:
    """A pool of a new login that is a member of `group`, and the login's name."""
    name = f"{group}_{await database.fetchval('select current_database()')}"
    await database.execute(f"create role {name} login password 'x-{name}' in role {group}")
    parts = urlsplit(database.dsn)
    host = parts.netloc.rpartition("@")[2]
    query = f"?{parts.query}" if parts.query else ""
    db = await Database.connect(f"{parts.scheme}://{name}:x-{name}@{host}{parts.path}{query}", pool_max=3)
    try:
        yield db, name
    finally:
        await db.close()
        await database.execute(f"drop role {name}")


async def plant_in_alarm(database: Database, tags: int = 2, **high: object) -> Plant:
    """Every H alarm active and unacknowledged."""
    plant = await build_plant(database, tags, **high)
    await plant.reads(0, *([12.0] * tags))
    await evaluate_once(database, plant.clock)
    return plant


async def test_two_operators_acknowledge_at_once_and_the_loser_is_told_who_won(database: Database) -> None:
    await plant_in_alarm(database, 20)
    async with (
        signed_in(database, "ksys_operator") as (first, name),
        signed_in(database, "ksys_engineer") as (other, rival),
    ):
        keys = [row.key for row in (await alarms.load_active(first)).rows]
        ours, theirs = await asyncio.gather(
            alarms.acknowledge(first, keys, "desk 1"), alarms.acknowledge(other, keys[::-1], "desk 2")
        )
    won = {o.alarm_id: name for o in ours if o.result == "acked"} | {
        o.alarm_id: rival for o in theirs if o.result == "acked"
    }
    lost = [o for o in (*ours, *theirs) if o.result == "already"]
    assert len(won) == len(lost) == 20
    assert all(o.by == won[o.alarm_id] and o.at is not None for o in lost)
    acks = await database.fetch("select alarm_id, actor, station from alarm_events where kind = 'ACK'")
    assert {row["alarm_id"]: row["actor"] for row in acks} == won


async def test_only_what_was_displayed_is_acknowledged(database: Database) -> None:
    plant = await plant_in_alarm(database, 1)
    (row,) = (await alarms.load_active(database)).rows
    await plant.reads(10, 5.0)
    await plant.reads(20, 12.0)
    await evaluate_once(database, plant.clock)
    (outcome,) = await alarms.acknowledge(database, [row.key], "desk 1")
    assert outcome.result == "newer"
    assert await plant.states() == ["UNACK"]


async def test_a_viewer_may_look_and_nothing_else(database: Database) -> None:
    plant = await plant_in_alarm(database)
    async with signed_in(database, "ksys_viewer") as (db, _):
        keys = [row.key for row in (await alarms.load_active(db)).rows]
        with pytest.raises(DeniedError):
            await alarms.acknowledge(db, keys, "desk 1")
        with pytest.raises(DeniedError):
            await alarms.shelve(db, plant.high, "desk 1", "why")
    assert await plant.states() == ["UNACK", "UNACK"]


async def test_operators_write_through_functions_only(database: Database) -> None:
    plant = await plant_in_alarm(database)
    async with signed_in(database, "ksys_operator") as (db, _):
        for statement in (
            "update alarms set acked_occurrence = occurrence",
            "update alarms set cond = 'N'",
            "delete from alarm_events",
            "insert into alarm_definitions (sensor_id, kind) values (1, 'HH')",
            "select alarm_log('ACK', '{1}', '{UNACK}', '', '')",
            "select alarm_operate('OOS', '{1}', '', 'x')",
        ):
            with pytest.raises(DeniedError):
                await db.execute(statement)
        with pytest.raises(DeniedError):
            await alarms.remove_from_service(db, plant.high, "desk 1", "pump out", "P-17", tomorrow())
    async with signed_in(database, "ksys_engineer") as (db, name):
        await alarms.remove_from_service(db, plant.high, "desk 1", "pump out", "P-17", tomorrow())
        rows = (await alarms.load_active(db, states=HIDDEN)).rows
        assert {(row.isa, row.oos_by, row.oos_permit) for row in rows} == {("OOSRV", name, "P-17")}


async def test_the_evaluator_runs_with_the_service_role(database: Database) -> None:
    plant = await build_plant(database)
    await plant.reads(0, 5.0, 5.0)
    async with signed_in(database, "ksys_service") as (db, name):
        evaluator = AlarmEvaluator(db, plant.clock)
        await evaluator.catch_up()
        await evaluator.on_batch(await plant.reads(10, 12.0, 5.0))
        await evaluator.on_timer(plant.at(60))
        await evaluator.close()
    assert await plant.states() == ["UNACK", "NORM"]
    assert await database.fetchval("select actor from alarm_events") == name


async def test_the_journal_cannot_be_rewritten_even_by_its_owner(database: Database) -> None:
    await plant_in_alarm(database)
    for statement in ("delete from alarm_events", "update alarm_events set actor = 'x'", "truncate alarm_events"):
        with pytest.raises((DeniedError, asyncpg.InsufficientPrivilegeError)):
            await database.execute(statement)


@pytest.mark.parametrize("text", HOSTILE)
async def test_texts_are_kept_as_they_are(database: Database, text: str) -> None:
    plant = await plant_in_alarm(database, 1)
    (row,) = (await alarms.load_active(database)).rows
    await alarms.acknowledge(database, [row.key], text, text)
    await alarms.unacknowledge(database, plant.high, text, text)
    entry = (await alarms.journal(database)).entries[0]
    assert (entry.kind, entry.station, entry.reason) == ("UNACK", text, text)
    assert (await alarms.load_active(database)).rows[0].comment == text
    found = await alarms.journal(database, filters=JournalFilter(text=text))
    assert {e.kind for e in found.entries} == {"ACK", "UNACK"}


async def test_a_text_of_ten_thousand_characters_is_refused_with_its_length(database: Database) -> None:
    plant = await plant_in_alarm(database, 1)
    (row,) = (await alarms.load_active(database)).rows
    with pytest.raises(KnownError, match="10000 characters"):
        await alarms.acknowledge(database, [row.key], "desk 1", "x" * 10_000)
    assert await plant.states() == ["UNACK"]


async def test_reasons_are_demanded(database: Database) -> None:
    plant = await plant_in_alarm(database, 1)
    (row,) = (await alarms.load_active(database)).rows
    await alarms.acknowledge(database, [row.key], "desk 1")
    with pytest.raises(KnownError, match="reason"):
        await alarms.unacknowledge(database, plant.high, "desk 1", "  ")
    with pytest.raises(KnownError, match="reason"):
        await alarms.shelve(database, plant.high, "desk 1", "")
    (outcome,) = await alarms.unacknowledge(database, plant.high, "desk 1", "wrong row")
    assert outcome.result == "done"
    assert await plant.states() == ["UNACK"]


async def test_a_class_may_demand_a_note_for_its_acknowledgement(database: Database) -> None:
    plant = await plant_in_alarm(database, 2)
    await database.execute("update alarm_definitions set class = 'safety' where alarm_id = $1", plant.high[0])
    assert await alarms.note_classes(database) == ()
    assert await alarms.set_note_classes(database, ["safety"], "shift order 12", "desk 1")
    assert not await alarms.set_note_classes(database, ["safety", "safety"], "once more", "desk 1")
    async with signed_in(database, "ksys_operator") as (db, _name):
        keys = [row.key for row in (await alarms.load_active(db)).rows]
        told = {each.alarm_id: each for each in await alarms.acknowledge(db, keys, "desk 1", "  ")}
        assert [told[alarm_id].result for alarm_id in plant.high] == ["note", "acked"]
        assert alarms.describe(told[plant.high[0]]) == "Its class needs a note: Ctrl+J."
        assert await plant.states() == ["UNACK", "ACKED"]
        (outcome,) = await alarms.acknowledge(db, [k for k in keys if k[0] == plant.high[0]], "desk 1", "on my way")
        assert outcome.result == "acked"
        with pytest.raises(DeniedError):
            await alarms.set_note_classes(db, [], "no notes", "desk 1")
    async with signed_in(database, "ksys_admin") as (db, name):
        assert await alarms.set_note_classes(db, [], "trial is over", "desk 1")
    assert await database.fetchval("select actor from audit_log where reason = 'trial is over'") == name
    with pytest.raises(KnownError) as refused:
        await alarms.set_note_classes(database, ["urgent"], "typo", "desk 1")
    assert refused.value.code == "alarm.class"


@pytest.mark.parametrize(
    ("permit", "review", "code"),
    [
        ("", "now() + interval '1 day'", "alarm.permit_missing"),
        ("  ", "now() + interval '1 day'", "alarm.permit_missing"),
        (None, "now() + interval '1 day'", "alarm.permit_missing"),
        ("P-17", "null", "alarm.review"),
        ("P-17", "now() - interval '1 second'", "alarm.review"),
    ],
)
async def test_out_of_service_needs_a_permit_and_a_review_ahead(
    database: Database, permit: str | None, review: str, code: str
) -> None:
    plant = await plant_in_alarm(database, 1)
    with pytest.raises(KnownError) as refused:
        await database.fetch(f"select alarm_remove_from_service($1, 'd', 'repair', $2, {review})", plant.high, permit)
    assert refused.value.code == code
    assert await plant.states() == ["UNACK"]


async def test_every_action_twice_changes_and_journals_once(database: Database) -> None:
    plant = await plant_in_alarm(database, 1, latching=True)
    until = await database.fetchval("select (extract(epoch from now() + interval '1 hour') * 1e9)::bigint")
    actions: tuple[Callable[[], Awaitable[list[alarms.Outcome]]], ...] = (
        lambda: alarms.silence(database, plant.high, "d"),
        lambda: alarms.shelve(database, plant.high, "d", "noise", until),
        lambda: alarms.unshelve(database, plant.high, "d"),
        lambda: alarms.confirm(database, plant.high, "d"),
        lambda: alarms.remove_from_service(database, plant.high, "d", "repair", "P-17", tomorrow()),
        lambda: alarms.return_to_service(database, plant.high, "d"),
    )
    for action in actions:
        before = len(await plant.journal())
        assert [o.result for o in await action()] == ["done"]
        assert [o.result for o in await action()] == ["already"]
        assert len(await plant.journal()) == before + 1
    assert await plant.states() == ["UNACK"]  # back in service and still active
    assert await alarms.journal_breaks(database) == []


async def test_a_state_changed_behind_the_journal_is_found(database: Database) -> None:
    plant = await plant_in_alarm(database)
    assert await alarms.journal_breaks(database) == []
    await database.execute("update alarms set acked_occurrence = occurrence where alarm_id = $1", plant.high[1])
    assert await alarms.journal_breaks(database) == [plant.high[1]]


async def test_a_latched_alarm_waits_for_its_reset(database: Database) -> None:
    plant = await plant_in_alarm(database, 1, latching=True)
    assert [o.result for o in await alarms.reset(database, plant.high, "d")] == ["refused"]
    await plant.reads(10, 5.0)
    await evaluate_once(database, plant.clock)
    assert await plant.states() == ["LUNACK"]
    await alarms.acknowledge(database, [(await alarms.load_active(database)).rows[0].key], "d")
    assert await plant.states() == ["LACKED"]
    assert [o.result for o in await alarms.reset(database, plant.high, "d")] == ["done"]
    assert await plant.states() == ["NORM"]


async def test_a_shelf_ends_by_time_and_the_alarm_returns_unacknowledged(database: Database) -> None:
    plant = await plant_in_alarm(database, 1)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.catch_up()
    (row,) = (await alarms.load_active(database)).rows
    await alarms.acknowledge(database, [row.key], "d")
    now = await database.fetchval("select (extract(epoch from now()) * 1e9)::bigint")
    await alarms.shelve(database, plant.high, "d", "noise", now + HOUR)
    assert await plant.states() == ["SHLVD"]
    await evaluator.on_changed("alarms", plant.high)
    await evaluator.on_timer(now + 2 * HOUR)
    assert await plant.states() == ["UNACK"]


async def test_limits_of_shelving(database: Database) -> None:
    plant = await plant_in_alarm(database, 3, max_shelve_s=3600.0)
    now = await database.fetchval("select (extract(epoch from now()) * 1e9)::bigint")
    with pytest.raises(KnownError, match="future"):
        await alarms.shelve(database, plant.high, "d", "noise", now - HOUR)
    assert {o.result for o in await alarms.shelve(database, plant.high, "d", "noise", now + 2 * HOUR)} == {"refused"}
    await database.execute("insert into settings_values (key, value) values ('alarms.max_shelved', '2')")
    with pytest.raises(KnownError, match="No more alarms"):
        await alarms.shelve(database, plant.high, "d", "noise", now + HOUR // 2)
    assert {o.result for o in await alarms.shelve(database, plant.high[:2], "d", "noise")} == {"done"}
    with pytest.raises(asyncpg.ConfigurationLimitExceededError):
        await database.fetch("select alarm_shelve($1, 'd', 'noise')", [plant.high[2], None])


async def test_a_highly_managed_alarm_is_acknowledged_alone(database: Database) -> None:
    await plant_in_alarm(database, 2, alarm_class="hma")
    keys = [row.key for row in (await alarms.load_active(database)).rows]
    assert [o.result for o in await alarms.acknowledge(database, keys, "d")] == ["single", "single"]
    assert [o.result for o in await alarms.acknowledge(database, keys[:1], "d")] == ["acked"]


async def test_a_null_is_no_answer_to_what_was_displayed(database: Database) -> None:
    plant = await plant_in_alarm(database, 1)
    assert await database.fetchval("select result from alarm_acknowledge($1, '{null}', 'd')", plant.high[:1]) == "newer"
    rule = await database.fetchval(
        """select alarm_rule_save(null, null, '{"title": {"en": "x"}, "condition": "A = 1", "tags": ["PT-1"],
                                                "hold_off_s": 0}')"""
    )
    for call in ("alarm_rule_approve($1, null)", "alarm_rule_save($1, null, '{}')"):
        with pytest.raises(KnownError, match="has been changed"):
            await database.fetchval(f"select {call}", rule)


async def test_unknown_alarms_are_reported_not_raised(database: Database) -> None:
    await plant_in_alarm(database, 1)
    assert [o.result for o in await alarms.acknowledge(database, [(999, 1)], "d")] == ["unknown"]
    assert [o.result for o in await alarms.silence(database, [999], "d")] == ["unknown"]
    assert alarms.describe(alarms.Outcome(1, "already", "kim", 0)) == "kim was first."


async def test_page_fifty_of_a_thousand_alarms_shows_rows_981_to_1000(database: Database) -> None:
    plant = await build_plant(database, 1000)
    await plant.reads(0, *([12.0] * 1000))
    await evaluate_once(database, plant.clock)
    whole = [row["event_id"] for row in await database.fetch(
        "select event_id from alarm_events order by source_ts desc, event_id desc"
    )]  # fmt: skip
    assert len(whole) == 1000
    key, seen = None, []
    for _ in range(50):
        page = await alarms.journal(database, key, 20)
        seen.append([entry.event_id for entry in page.entries])
        key = page.after
    assert seen[49] == whole[980:1000]
    assert key is None
    assert [event for page_ids in seen for event in page_ids] == whole


async def test_the_list_and_the_banner(database: Database) -> None:
    plant = await build_plant(database, 4)
    await database.execute("update alarm_definitions set priority = 1 where alarm_id = $1", plant.high[1])
    evaluator = AlarmEvaluator(database, plant.clock)
    for second, values in (
        (0, (5.0, 5.0, 5.0, 5.0)),
        (10, (12.0, 5.0)),
        (20, (12.0, 12.0, 12.0)),
        (30, (12.0, 12.0, 12.0, -1.0)),
    ):
        await evaluator.on_batch(await plant.reads(second, *values))
    rows = (await alarms.load_active(database)).rows
    assert [row.tag for row in rows] == ["PT-2", "PT-4", "PT-3", "PT-1"]
    await alarms.acknowledge(database, [rows[1].key], "d")
    rows = (await alarms.load_active(database)).rows
    assert [(row.tag, row.isa) for row in rows][-1] == ("PT-4", "ACKED")
    summary = await alarms.summary(database)
    assert [row.tag for row in summary.newest] == ["PT-2", "PT-3", "PT-1"]
    assert summary.count("UNACK") == 3
    assert summary.count("UNACK", priority=1) == 1
    assert summary.sounding == {1: 1, 3: 2}
    tiles = await alarms.alarm_states_for_sensors(database)
    assert {s: (t.priority, t.isa, t.kind) for s, t in tiles.items()}[plant.sensors[3]] == (3, "ACKED", "L")
