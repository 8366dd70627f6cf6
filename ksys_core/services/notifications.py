"""Telling people outside the control room of alarms that nobody has acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.domain.alarms.units import limit_decimals, own_limit_unit, value_unit
from ksys_core.domain.times import to_datetime
from ksys_core.i18n import N_, Translator
from ksys_core.store import notifications as store
from ksys_core.store.notifications import Message
from ksys_core.store.pool import Database

SEND_LIMIT_S: Final = 60.0
LISTED_MOST: Final = 20
"""Alarms that one text names; a flood is one message, not hundreds."""

_TEST: Final = N_("KSys test message")
_TEST_BODY: Final = N_("This route works. It was tried from the page Notifications.")
_ONE: Final = N_("Alarm of priority {n}: {tag} {kind}")
_MANY: Final = N_("{n} alarms are not acknowledged")
_MORE: Final = N_("… and {n} more.")
_ACTION: Final = N_("What to do: {action}")
_LATE: Final = N_("There was no answer within {n} s.")


@dataclass(frozen=True, slots=True)
class Text:
    """A subject line and plain lines."""

    title: str
    body: str


Send = Callable[[str, Text], Awaitable[str]]
"""``send(address, text)``: delivers, gives an empty string or why it could not."""


async def run(db: Database, send: Send, *, now_ns: int, zone: ZoneInfo) -> int:
    """Send what is due, one text a route; gives the number of messages that were sent."""
    await store.enqueue(db, now_ns)
    waiting = await store.claim(db, now_ns, zone.key)
    routes = [list(group) for _, group in groupby(waiting, key=lambda m: (m.route_id, m.tag is None))]
    return sum(await asyncio.gather(*(_deliver(db, send, group, now_ns, zone) for group in routes)))


async def _deliver(db: Database, send: Send, messages: Sequence[Message], now_ns: int, zone: ZoneInfo) -> int:
    say = Translator(messages[0].language)
    try:
        async with asyncio.timeout(SEND_LIMIT_S):
            error = await send(messages[0].address, text_of(messages, zone))
    except TimeoutError:
        error = say(_LATE, n=round(SEND_LIMIT_S))
    await store.finish(db, [message.notification_id for message in messages], error, now_ns)
    return 0 if error else len(messages)


def text_of(messages: Sequence[Message], zone: ZoneInfo) -> Text:
    """What the receiver reads, in the language of the route; a test, or alarms by priority."""
    say = Translator(messages[0].language)
    if messages[0].tag is None:
        return Text(say(_TEST), say(_TEST_BODY))
    first = messages[0]
    title = say(_ONE, n=first.priority, tag=first.tag, kind=first.kind)
    if len(messages) > 1:
        title = say(_MANY, n=len(messages))
    lines = [line for message in messages[:LISTED_MOST] for line in _lines(message, say, zone)]
    if len(messages) > LISTED_MOST:
        lines.append(say(_MORE, n=len(messages) - LISTED_MOST))
    return Text(title, "\n".join(lines))


def _lines(message: Message, say: Translator, zone: ZoneInfo) -> list[str]:
    """One alarm: when, what, where, and what to do."""
    since = "" if message.since is None else f"{to_datetime(message.since).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}  "
    kind, decimals = message.kind or "", message.decimals or 0
    head = f"{since}P{message.priority}  {message.tag} {kind}"
    if message.value is not None:
        head += f"  {message.value:.{decimals}f} {value_unit(kind, message.unit or '')}"
    if message.limit is not None:
        limit = f"{message.limit:.{limit_decimals(kind, decimals)}f} {own_limit_unit(kind)}".rstrip()
        head += f" ({limit})"
    about = _one_line("  ".join(filter(None, (say.pick(message.description), message.area))))
    action = _one_line(say.pick(message.action))
    return [head, *([f"    {about}"] if about else []), *([f"    {say(_ACTION, action=action)}"] if action else [])]


def _one_line(text: str) -> str:
    return " ".join(text.split())
