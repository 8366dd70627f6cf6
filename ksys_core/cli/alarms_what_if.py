"""`ksys alarms what-if`: what another limit, dead band or delay would have done."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
import time
from typing import Any, Final

from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.domain.alarms.definition import AlarmKind
from ksys_core.domain.times import DAY, SECOND, to_datetime
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_what_if import AlarmSettings, Proposal, Trial, what_if
from ksys_core.settings_sources import LoadedSettings

_MOST_NAMED: Final = 20
_MOST_DAYS: Final = 3660
_SETTINGS: Final = N_(
    "limit {limit:g} {unit}, dead band {dead_band:g}, on-delay {on_delay_s:g} s, off-delay {off_delay_s:g} s"
)
_BEHAVIOUR: Final = N_("{annunciations} annunciations, {in_alarm_s:.0f} s in alarm, {chattering} of them chattering")


async def _try(loaded: LoadedSettings, days: float, **given: Any) -> Trial:
    stop = time.time_ns()
    async with database(loaded) as db:
        return await what_if(db, start=stop - round(days * DAY), stop=stop, **given)


def command(
    tag: str,
    kind: AlarmKind,
    *,
    limit: float | None = None,
    dead_band: float | None = None,
    on_delay: float | None = None,
    off_delay: float | None = None,
    days: float = 30,
    long: float = 60,
    label: str = "",
    json_output: JsonFlag = False,
    common: Common = DEFAULT,
) -> int:
    """Replay a tag's history through the alarm engine, as it is defined and as proposed; nothing is changed.

    Parameters
    ----------
    tag:
        Name of the tag.
    kind:
        Kind of the alarm, such as H.
    limit:
        Limit to try, in the tag's unit.
    dead_band:
        Dead band to try, in the tag's unit.
    on_delay:
        On-delay to try, in seconds.
    off_delay:
        Off-delay to try, in seconds.
    days:
        Length of the history.
    long:
        Name alarms that would not come although they lasted this many seconds.
    label:
        Label of the alarm, when the tag has several of its kind.
    json_output:
        Print a JSON object.
    """
    if not 0 < days <= _MOST_DAYS:
        raise KnownError("alarm.days", N_("The number of days must be greater than zero and at most 3660."))
    proposal = Proposal(limit, dead_band, on_delay, off_delay)
    given = {"tag": tag, "kind": kind, "label": label, "proposal": proposal, "long_s": long}
    trial = asyncio.run(_try(common.load(), days, **given))
    if json_output:
        print(json.dumps(_without_nan(dataclasses.asdict(trial))))
    else:
        print("\n".join(_lines(trial)))
    return 0


def _lines(trial: Trial) -> list[str]:
    found = trial.result
    lines = [
        tr(N_("{tag} {kind}: {readings} readings"), tag=trial.tag, kind=trial.kind, readings=trial.readings),
        tr(N_("At present: {settings}"), settings=_settings(trial.present, trial.unit)),
        f"    {tr(_BEHAVIOUR, **dataclasses.asdict(found.before))}",
        tr(N_("Proposed: {settings}"), settings=_settings(trial.proposed, trial.unit)),
        f"    {tr(_BEHAVIOUR, **dataclasses.asdict(found.after))}",
    ]
    if found.removed is not None:
        lines.append(tr(N_("Would remove {removed:.1f} % of the annunciations."), removed=found.removed))
    if found.delay.n:
        text = N_("{n} remain, later by {p50:.1f} s (median), {p95:.1f} s (95 %); {merged} come while it still stands.")
        lines.append(tr(text, merged=found.merged, **dataclasses.asdict(found.delay)))
    text = N_("{lost} would not come, {long} of them lasted long; {added} would be new.")
    lines.append(tr(text, lost=found.lost, long=len(found.lost_long), added=found.added))
    for missed in found.lost_long[:_MOST_NAMED]:
        length = (missed.end - missed.start) / SECOND
        lines.append(f"    {to_datetime(missed.start).isoformat(timespec='seconds')}  {length:.0f} s")
    if len(found.lost_long) > _MOST_NAMED:
        lines.append("    …")
    return lines


def _settings(settings: AlarmSettings, unit: str) -> str:
    if math.isnan(settings.limit):
        return tr(N_("no limit in force"))
    return tr(_SETTINGS, unit=unit, **dataclasses.asdict(settings))


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN: a limit that is not in force is null."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
