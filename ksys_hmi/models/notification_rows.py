"""Columns of the routes of notifications and of the messages."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.i18n import N_, tr
from ksys_core.store.notification_routes import Route
from ksys_core.store.notifications import Sent
from ksys_hmi.formats import format_day_time
from ksys_hmi.models.rows import Column, RowsModel
from ksys_hmi.presenters.notifications import RouteRow

_MINUTE: Final = 60
STATE_WORDS: Final = {
    "waiting": N_("waiting"),
    "sending": N_("being sent"),
    "sent": N_("sent"),
    "failed": N_("given up"),
    "cancelled": N_("no longer needed"),
}


def routes_model(zone: ZoneInfo) -> RowsModel[RouteRow]:
    """The routes by name, with what became of the newest message."""
    columns = (
        Column[RouteRow](N_("Name"), lambda row: row.route.name),
        Column[RouteRow](N_("Active"), lambda row: tr("yes") if row.route.enabled else tr("disabled")),
        Column[RouteRow](N_("Address"), lambda row: row.route.shown),
        Column[RouteRow](N_("Priorities"), lambda row: ", ".join(f"P{n}" for n in row.route.priorities)),
        Column[RouteRow](N_("Area"), lambda row: area_title(row.route.area) if row.route.area else tr("whole plant")),
        Column[RouteRow](N_("When"), lambda row: wait_text(row.route)),
        Column[RouteRow](N_("Quiet hours"), lambda row: quiet_text(row.route)),
        Column[RouteRow](N_("Newest message"), lambda row: "" if row.last is None else _outcome(row.last, zone)),
    )
    return RowsModel(columns, key=lambda row: row.route.route_id)


def messages_model(zone: ZoneInfo) -> RowsModel[Sent]:
    """The newest messages first."""
    columns = (
        Column[Sent](N_("Due"), lambda sent: format_day_time(sent.due, zone)),
        Column[Sent](N_("Route"), lambda sent: sent.route),
        Column[Sent](N_("Alarm"), _about),
        Column[Sent](N_("State"), lambda sent: _state(sent, zone)),
        Column[Sent](N_("Attempts"), lambda sent: str(sent.attempts), numeric=True),
        Column[Sent](N_("Finished"), lambda sent: format_day_time(sent.finished, zone) if sent.finished else ""),
        Column[Sent](N_("Error"), lambda sent: sent.error),
    )
    return RowsModel(columns, key=lambda sent: sent.notification_id)


def wait_text(route: Route) -> str:
    """When an unacknowledged alarm is told."""
    if route.after_share is not None:
        return tr("after {n} % of the time to respond", n=round(100 * route.after_share))
    if not route.after_s:
        return tr("at once")
    return tr("after {n} min", n=f"{route.after_s / _MINUTE:g}")


def quiet_text(route: Route) -> str:
    """The hours, and what is told all the same."""
    if route.quiet_from is None or route.quiet_to is None:
        return ""
    hours = f"{route.quiet_from:%H:%M}–{route.quiet_to:%H:%M}"
    if not route.quiet_least:
        return hours
    kept = "P1" if route.quiet_least == 1 else f"P1–P{route.quiet_least}"
    return tr("{hours}, but {priorities}", hours=hours, priorities=kept)


def _about(sent: Sent) -> str:
    return tr("Test") if sent.tag is None else f"P{sent.priority}  {sent.tag} {sent.kind}"


def _state(sent: Sent, zone: ZoneInfo) -> str:
    word = tr(STATE_WORDS[sent.state])
    if sent.state == "waiting" and sent.attempts:
        return tr("failed, again at {time}", time=format_day_time(sent.next_try, zone))
    return word


def _outcome(sent: Sent, zone: ZoneInfo) -> str:
    return " ".join(filter(None, (_state(sent, zone), format_day_time(sent.finished or sent.due, zone), sent.error)))
