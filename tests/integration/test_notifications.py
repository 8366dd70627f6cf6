"""Notifications on a real database to real receivers: once an occurrence, later for an escalation, never by night."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from ksys_core.domain.times import HOUR, MINUTE, SECOND, to_ns
from ksys_core.errors import KnownError
from ksys_core.services import alarms, notifications
from ksys_core.services.alarms_evaluator import evaluate_once
from ksys_core.store import notification_routes, pool
from ksys_core.store import notifications as store
from ksys_core.store.notification_routes import Route
from scheduler_service.sender import send
from tests.integration.alarms_plant import START, Plant, build_plant
from tests.integration.receivers import Receiver, mail_server, web_server

SEOUL = ZoneInfo("Asia/Seoul")
ROUTE = Route(None, "Night shift", "", "en", (1, 2, 3, 4))


async def plant_in_alarm(db: pool.Database) -> Plant:
    plant = await build_plant(db, 2, response_s=600)
    await db.execute(
        'update alarm_definitions set action = \'{"en": "Open\\nV-1"}\' where alarm_id = $1', plant.high[0]
    )
    await plant.reads(0, 12.0, 8.0)
    await evaluate_once(db, plant.clock)
    return plant


async def add(db: pool.Database, route: Route, address: str) -> int:
    """A route that is older than the plant's alarms."""
    number = await notification_routes.save(db, route, address, "desk 1")
    await db.execute("update notification_routes set since = to_timestamp($1)", START / SECOND - 60)
    return number


async def run(plant: Plant, second: float) -> int:
    return await notifications.run(plant.db, send, now_ns=plant.at(second), zone=SEOUL)


def hook(receiver: Receiver) -> str:
    return f"json://user:secret@127.0.0.1:{receiver.port}/x"


async def states(db: pool.Database) -> list[tuple[str, int]]:
    return [(each.state, each.attempts) for each in reversed(await store.log(db))]


async def test_mail_arrives_once_for_each_occurrence(database: pool.Database) -> None:
    plant = await plant_in_alarm(database)
    async with mail_server() as mail:
        address = f"mailto://127.0.0.1:{mail.port}?from=ksys@plant.example&to=shift@plant.example&mode=insecure"
        await add(database, ROUTE, address)
        assert await run(plant, 5) == 1
        assert await run(plant, 10) == 0, "told once"
        await plant.reads(60, 8.0, 8.0)
        await plant.reads(120, 12.0, 8.0)
        await evaluate_once(database, plant.clock)
        assert await run(plant, 125) == 1, "the next occurrence is told again"
    subject, body = mail.mails[0]["subject"], mail.mails[0].get_body(("plain", "html"))
    assert subject == "Alarm of priority 3: PT-1 H"
    assert body is not None
    text = body.get_content()
    assert "P3  PT-1 H  12.00 bar (10.00)" in text.replace("&nbsp;", " ")
    assert "What to do: Open V-1" in text.replace("&nbsp;", " ")
    assert len(mail.mails) == 2


async def test_an_escalation_waits_and_is_not_sent_when_somebody_has_acknowledged(database: pool.Database) -> None:
    plant = await plant_in_alarm(database)
    async with web_server() as web:
        await add(database, replace(ROUTE, after_s=None, after_share=0.5), hook(web))  # half of ten minutes
        assert await run(plant, 290) == 0
        assert await run(plant, 301) == 1
        await plant.reads(400, 12.0, 12.0)
        await evaluate_once(database, plant.clock)
        await alarms.acknowledge(database, [(plant.high[1], 1)], "desk 1")
        assert await run(plant, 800) == 0
    assert [post["title"] for post in web.posts] == ["Alarm of priority 3: PT-1 H"]


async def test_a_flood_is_one_text(database: pool.Database) -> None:
    plant = await build_plant(database, 25)
    await plant.reads(0, *[12.0] * 25)
    await evaluate_once(database, plant.clock)
    async with web_server() as web:
        await add(database, replace(ROUTE, language="ko"), hook(web))
        assert await run(plant, 5) == 25
    (post,) = web.posts
    assert post["title"] == "확인되지 않은 알람이 25개 있습니다"
    assert "PT-20 H" in post["message"]
    assert "그 밖에 5개" in post["message"]


async def test_only_priorities_and_areas_of_the_route_and_what_came_after_it(database: pool.Database) -> None:
    plant = await plant_in_alarm(database)
    await database.execute("update sensors set area = 'RO/Stage 1' where tag = 'PT-1'")
    async with web_server() as web:
        await add(database, replace(ROUTE, name="a", priorities=(1, 2)), hook(web))
        await add(database, replace(ROUTE, name="b", area="RO/Stage"), hook(web))
        await add(database, replace(ROUTE, name="c", enabled=False), hook(web))
        assert await run(plant, 5) == 0
        await add(database, replace(ROUTE, name="d", area="RO"), hook(web))
        assert await run(plant, 6) == 1
        number = await notification_routes.save(database, replace(ROUTE, name="e"), hook(web), "desk 1")
        await database.execute(
            "update notification_routes set since = to_timestamp($1) where route_id = $2", START / SECOND + 3, number
        )
        assert await run(plant, 7) == 0, "an alarm of before the route is not news"


async def test_quiet_hours_hold_back_all_but_the_most_urgent(database: pool.Database) -> None:
    plant = await build_plant(database, 2)
    await database.execute("update alarm_definitions set priority = 1 where alarm_id = $1", plant.high[1])
    midnight = to_ns(datetime(2026, 9, 22, 15, tzinfo=UTC))  # 0:00 in Seoul
    plant.now = midnight
    batch_at = (midnight - START) / SECOND
    await plant.reads(batch_at, 12.0, 12.0)
    await evaluate_once(database, plant.clock)
    async with web_server() as web:
        await add(database, replace(ROUTE, quiet_from=time(22), quiet_to=time(6)), hook(web))

        async def at(ns: int) -> list[str]:
            await notifications.run(database, send, now_ns=ns, zone=SEOUL)
            return [post["title"] for post in web.posts]

        assert await at(midnight + MINUTE) == ["Alarm of priority 1: PT-2 H"]
        assert len(await at(midnight + 6 * HOUR - SECOND)) == 1
        assert (await at(midnight + 6 * HOUR))[1:] == ["Alarm of priority 3: PT-1 H"]


async def test_failures_are_tried_again_told_and_given_up_in_the_end(database: pool.Database) -> None:
    plant = await plant_in_alarm(database)
    async with web_server() as web:
        web.refuse = True
        await add(database, ROUTE, hook(web))
        at = 5.0
        for attempt in range(1, store.TRIES + 1):
            assert await run(plant, at) == 0
            assert await run(plant, at + 1) == 0, "not at once again"
            assert await states(database) == [("failed" if attempt == store.TRIES else "waiting", attempt)]
            at += store.FIRST_WAIT_S * 2 ** (attempt - 1)
        (row,) = await store.log(database)
        assert "503" in row.error
        assert "secret" not in row.error
        web.refuse = False
        assert await run(plant, at + HOUR / SECOND) == 0


async def test_a_message_of_a_service_that_died_is_sent_by_the_next(database: pool.Database) -> None:
    plant = await plant_in_alarm(database)
    async with web_server() as web:
        await add(database, ROUTE, hook(web))
        await store.enqueue(database, plant.at(5))
        assert len(await store.claim(database, plant.at(5), "Asia/Seoul")) == 1
        assert await run(plant, 60) == 0
        assert await run(plant, 5 + 181) == 1


async def test_a_test_message_and_addresses_that_reach_nobody(database: pool.Database) -> None:
    plant = await build_plant(database, 1)
    async with web_server() as web:
        good = await add(database, ROUTE, hook(web))
        bad = await add(database, replace(ROUTE, name="Screen of the server"), "dbus://session")
        for route in (good, bad):
            await notification_routes.ask_for_test(database, route)
        await database.execute("update notifications set next_try_at = to_timestamp($1)", START / SECOND)
        assert await run(plant, 5) == 1
    assert [post["title"] for post in web.posts] == ["KSys test message"]
    failed = next(row for row in await store.log(database) if row.route_id == bad)
    assert "reaches nobody" in failed.error


@pytest.mark.parametrize(
    ("change", "address", "code"),
    [
        ({"name": " "}, "json://x", "notifications.name"),
        ({"name": "a\nb"}, "json://x", "notifications.name"),
        ({"priorities": ()}, "json://x", "notifications.priorities"),
        ({"after_s": -1.0}, "json://x", "notifications.after_range"),
        ({"after_share": 0.5}, "json://x", "notifications.after"),
        ({"quiet_from": time(22)}, "json://x", "notifications.quiet"),
        ({"quiet_from": time(22), "quiet_to": time(22)}, "json://x", "notifications.quiet"),
        ({}, None, "notifications.no_address"),
        ({}, "shift@plant.example", "notifications.address"),
        ({}, "json://x\r\nBcc: all", "notifications.address"),
        ({}, "json://" + "x" * 3000, "notifications.address"),
    ],
)
async def test_wrong_fields_are_named(
    database: pool.Database, change: dict[str, object], address: str | None, code: str
) -> None:
    with pytest.raises(KnownError) as caught:
        await notification_routes.save(database, replace(ROUTE, **change), address, "desk 1")  # type: ignore[arg-type]
    assert caught.value.code == code
    assert await notification_routes.routes(database) == []


async def test_a_name_is_there_once_and_every_change_is_in_the_audit_log_without_the_address(
    database: pool.Database,
) -> None:
    number = await notification_routes.save(database, ROUTE, "mailto://me:secret@mail.example", "desk 1")
    with pytest.raises(KnownError, match="Night shift"):
        await notification_routes.save(database, ROUTE, "json://x", "desk 1")
    (kept,) = await notification_routes.routes(database)
    assert kept == replace(ROUTE, route_id=number, shown="mailto://mail.example")
    await notification_routes.save(database, replace(kept, enabled=False), None, "desk 1")
    assert await database.fetchval("select address from notification_routes") == "mailto://me:secret@mail.example"
    await notification_routes.delete(database, number, "desk 1")
    rows = await database.fetch("select action, before::text || after::text as said from audit_log order by audit_id")
    assert len(await database.fetch("select from audit_log where action like 'notification_route%'")) == 3
    assert all("secret" not in (row["said"] or "") for row in rows)


@pytest.mark.parametrize("address", ["tgram://bottoken/chat", "slack://a/b/c", "json://[broken/x"])
def test_tokens_are_not_shown(address: str) -> None:
    shown = notification_routes.shown_address(address)
    assert shown == f"{address.partition('://')[0]}://…"


def test_people_see_routes_but_no_address_and_engineers_change_them(login_dsn: Callable[[str], str]) -> None:
    async def scenario(group: str) -> None:
        db = await pool.Database.connect(login_dsn_of[group], pool_min=1, pool_max=1)
        try:
            if group == "ksys_engineer":
                await notification_routes.save(db, ROUTE, "json://x", "desk 1")
            else:
                assert [route.name for route in await notification_routes.routes(db)] == ["Night shift"]
                with pytest.raises(KnownError):
                    await notification_routes.save(db, replace(ROUTE, name="mine"), "json://x", "desk 1")
            if group != "ksys_service":
                with pytest.raises(KnownError):
                    await db.fetch("select address from notification_routes")
            else:
                await store.enqueue(db, START)
                assert await store.claim(db, START, "Asia/Seoul") == []
        finally:
            await db.close()

    groups = ("ksys_engineer", "ksys_operator", "ksys_service")
    login_dsn_of = {group: login_dsn(group) for group in groups}
    for group in groups:
        asyncio.run(scenario(group))
