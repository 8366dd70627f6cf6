"""Where alarms are told outside the control room. Addresses hold secrets: only the service reads them back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from ksys_core.errors import KnownError
from ksys_core.i18n import N_, Language
from ksys_core.store.pool import Database

HOST_IS_NO_SECRET: Final = frozenset(
    ("mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms", "gotify", "gotifys", "ntfy", "ntfys",
     "mqtt", "mqtts", "matrix", "matrixs", "rocket", "rockets", "mmost", "mmosts", "rsyslog")
)  # fmt: skip
"""Kinds of addresses that name a server first; with the others a token may stand in its place."""

_LIST: Final = """
select route_id, name, shown, language, priorities, area, after_s, after_share, quiet_from, quiet_to, quiet_least,
       enabled
  from notification_routes order by name
"""
_SAVE: Final = "select notification_route_save($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"


@dataclass(frozen=True, slots=True)
class Route:
    """Who is told of which alarms, and when.

    Attributes:
        route_id: None: not kept yet.
        shown: the address without its secrets.
        priorities: alarms of these priorities; area: of this area and below, empty for all.
        after_s: an alarm that is still unacknowledged after so many seconds; else `after_share`: after this share of
            its maximum time to respond.
        quiet_from, quiet_to: quiet hours in plant time; priorities up to `quiet_least` are sent then as well.
    """

    route_id: int | None
    name: str
    shown: str
    language: Language
    priorities: tuple[int, ...]
    area: str = ""
    after_s: float | None = 0.0
    after_share: float | None = None
    quiet_from: time | None = None
    quiet_to: time | None = None
    quiet_least: int = 1
    enabled: bool = True


def shown_address(address: str) -> str:
    """What may be shown of an address: its kind, and its server where that is no secret.

    Raises:
        KnownError: it is no address.
    """
    kind, _, rest = address.partition("://")
    if not kind.isalnum() or not rest or len(address) > 2000 or not address.isprintable():
        raise KnownError(
            "notifications.address",
            N_("The address must look like mailtos://user:password@server?to=… or json://server/path."),
        )
    try:
        host = urlsplit(address).hostname if kind.lower() in HOST_IS_NO_SECRET else None
    except ValueError:
        host = None
    return f"{kind.lower()}://{host or '…'}"


def checked(route: Route) -> Route:
    """Itself.

    Raises:
        KnownError: name, priorities, wait or quiet hours are missing or out of range.
    """
    if not 1 <= len(route.name.strip()) <= 100 or not route.name.isprintable():
        raise KnownError("notifications.name", N_("The name must have 1 to 100 characters."))
    if not route.priorities or not set(route.priorities) <= {1, 2, 3, 4}:
        raise KnownError("notifications.priorities", N_("Choose at least one priority."))
    if (route.after_s is None) == (route.after_share is None):
        raise KnownError("notifications.after", N_("Give either a wait or a share of the time to respond."))
    if not 0 <= (route.after_s or 0) <= 86_400 or not 0 <= (route.after_share or 0) <= 4:
        raise KnownError("notifications.after_range", N_("The wait must be 0 to 24 hours, the share 0 to 400 %."))
    if (route.quiet_from is None) != (route.quiet_to is None) or (
        route.quiet_from is not None and route.quiet_from == route.quiet_to
    ):
        raise KnownError("notifications.quiet", N_("Quiet hours need a beginning and another end."))
    return route


async def routes(db: Database) -> list[Route]:
    """All routes by name."""
    return [Route(**{**dict(row), "priorities": tuple(row["priorities"])}) for row in await db.fetch(_LIST)]


async def save(db: Database, route: Route, address: str | None, station: str) -> int:
    """Keep a route; `address` None keeps the one it has. Gives its number.

    Raises:
        KnownError: a field is missing or wrong, or the name is taken.
    """
    checked(route)
    if route.route_id is None and address is None:
        raise KnownError("notifications.no_address", N_("The address is missing."))
    shown = shown_address(address) if address is not None else route.shown
    try:
        number: int = await db.fetchval(
            _SAVE, route.route_id, route.name.strip(), address, shown, route.language, list(route.priorities),
            route.area, route.after_s, route.after_share, route.quiet_from, route.quiet_to, route.quiet_least,
            route.enabled, station,
        )  # fmt: skip
    except asyncpg.UniqueViolationError as error:
        raise KnownError(
            "notifications.name_taken", N_("There is a route called {name} already."), name=route.name
        ) from error
    return number


async def delete(db: Database, route_id: int, station: str) -> None:
    """Forget a route and its messages."""
    await db.execute("select notification_route_delete($1, $2)", route_id, station)


async def ask_for_test(db: Database, route_id: int) -> int:
    """Ask the service for a test message; gives its number."""
    number: int = await db.fetchval("select notification_test($1)", route_id)
    return number
