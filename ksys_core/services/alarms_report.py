"""The alarm report of a period: key figures with targets, their course, the most frequent alarms, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_figures import Figure, figures
from ksys_core.services.alarms_kpis import ENOUGH_DAYS, AlarmKpis, AlarmName, alarm_kpis, alarm_names
from ksys_core.store.alarms_register import Hidden, hidden
from ksys_core.store.pool import Database

HIDDEN: Final = {"SHLVD": N_("Shelved"), "DSUPR": N_("Suppressed"), "OOSRV": N_("Out of service")}
"""Words for the states of hidden alarms."""
_PAIRS_NAMED: Final = 3
_LOW_SHARE: Final = 70.0


@dataclass(frozen=True, slots=True)
class AlarmReport:
    """Everything of the report; `names` holds the alarms in it that still exist. Times in ns, shown in `zone`."""

    start: int
    stop: int
    made: int
    area: str | None
    zone: ZoneInfo
    kpis: AlarmKpis
    names: dict[int, AlarmName]
    hidden: tuple[Hidden, ...] = ()

    @property
    def figures(self) -> tuple[Figure, ...]:
        return figures(self.kpis)

    def name(self, alarm: int) -> str:
        """Tag, kind and label; the number of an alarm that no longer exists."""
        return self.names[alarm].short if alarm in self.names else str(alarm)

    def moment(self, ns: int) -> str:
        """Date and time to the minute in the plant's zone."""
        return f"{to_datetime(ns).astimezone(self.zone):%Y-%m-%d %H:%M}"

    @property
    def title(self) -> str:
        return tr(N_("Alarm report {start} – {stop}"), start=self.moment(self.start), stop=self.moment(self.stop))

    @property
    def too_little(self) -> str:
        """A sentence while the journal is too short for means, else empty."""
        return too_little(self.kpis)


def too_little(found: AlarmKpis) -> str:
    """That there is too little data for means, and how much there is; empty when there is enough."""
    if found.enough:
        return ""
    text = N_("Too little data for means: {days:.1f} days of at least {needed}.")
    return tr(text, days=found.days, needed=ENOUGH_DAYS)


def alarms_of(found: AlarmKpis) -> list[int]:
    """Alarms that are shown by name."""
    ids = {actor.alarm for actor in found.bad_actors} | {*found.chattering, *found.fleeting, *found.stale_now}
    for flood in found.floods:
        ids |= {flood.first_out, *(alarm for alarm, _ in flood.top)}
    for pair in found.together:
        ids |= {pair.first, pair.second}
    return sorted(ids)


async def alarm_report(
    db: Database, *, start: int, stop: int, area: str | None, zone: ZoneInfo, now: int
) -> AlarmReport:
    """The report of ``[start, stop)`` (ns) on one area (None: all)."""
    found = await alarm_kpis(db, start=start, stop=stop, area=area, zone=zone)
    kept = tuple(await hidden(db, now, area))
    names = await alarm_names(db, [*alarms_of(found), *(each.alarm for each in kept)])
    return AlarmReport(start, stop, now, area, zone, found, names, kept)


def actions(report: AlarmReport) -> list[str]:
    """What to do, most worthwhile first, as sentences in the user's language."""
    found = report.kpis
    said = []
    for actor in found.bad_actors:
        advice = _advice(found, actor.alarm)
        if advice:
            said.append(f"{report.name(actor.alarm)}: {tr(advice)}")
    for pair in found.together[:_PAIRS_NAMED]:
        text = N_("{first} and {second} come together {lift:.0f} times as often as by chance: consider a group.")
        said.append(tr(text, first=report.name(pair.first), second=report.name(pair.second), lift=pair.lift))
    for alarm in found.stale_now:
        text = N_("{alarm} has been active for more than a day: repair, correct the limit, or take it out of service.")
        said.append(tr(text, alarm=report.name(alarm)))
    for each in report.hidden:
        if each.too_old:
            text = N_("{alarm} has been hidden for too long: {state}. Review it.")
            said.append(tr(text, alarm=report.name(each.alarm), state=tr(HIDDEN[each.state])))
    mix = found.configured_mix
    if sum(mix.values()) and mix[3] + mix[4] < _LOW_SHARE:
        said.append(tr(N_("Too many alarms are configured with high priority: review the priorities (80/15/5).")))
    if found.unauthorised.changes or found.unauthorised.suppressions:
        said.append(tr(N_("Changes or suppressions without leave: find out who made them and why (audit log).")))
    return said


def _advice(found: AlarmKpis, alarm: int) -> str:
    if alarm in found.chattering:
        return N_("it chatters: try a wider dead band or an off-delay (what-if).")
    if alarm in found.fleeting:
        return N_("it is fleeting: try an on-delay (what-if).")
    share = next(actor.share for actor in found.bad_actors if actor.alarm == alarm)
    return N_("more than 5 % of the load: review limit, cause and need.") if share > 5 else ""
