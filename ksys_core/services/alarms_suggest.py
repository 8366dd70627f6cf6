"""A dead band and delays suggested from a tag's history: the least change that removes the nuisance."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import FloatArray
from ksys_core.domain.alarms.what_if import PRESENT_ID, Occurrences, WhatIf, compare
from ksys_core.domain.times import SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.services.alarms_what_if import AlarmSettings, Case, Progress, check_settings, replayed
from ksys_core.store.pool import Database

SPANS: Final = (0.5, 1.0, 2.0, 5.0)
"""Dead bands tried, percent of span."""
NOISES: Final = (2.0, 4.0, 8.0)
"""Dead bands tried where the span is not known, in standard deviations of the noise."""
ON_DELAYS: Final = (0.0, 5.0, 15.0, 30.0)
OFF_DELAYS: Final = (0.0, 15.0, 60.0)
RESPONSE_SHARE: Final = 0.1
"""An on-delay may take this share of the time to respond; see `ALLOWED_S` where none is set."""
ALLOWED_S: Final = 15.0
LONGEST_S: Final = 600.0
"""Longest off-delay that is tried."""
INTERVALS: Final = (2.0, 5.0)
"""Delays tried beside these, in intervals of the readings."""
LONGER: Final = 2.0
"""Time in alarm may be as many times the present one …"""
LONGER_SHARE: Final = 0.01
"""… and this share of the history more: what stands on while the value is normal hides the next alarm."""
_CLOSE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The settings to try, and what they came to on the history."""

    settings: AlarmSettings
    result: WhatIf


async def suggest(db: Database, case: Case, *, long_s: float, progress: Progress | None = None) -> Suggestion:
    """The least change of dead band and delays that removes most annunciations and loses no long alarm.

    Every candidate is replayed. Those qualify under which each alarm of at least `long_s` seconds is announced (or
    was, by no more than that before it comes), that do not let the alarm stand much longer than at present, and that
    delay 95 % of what remains by no more than a tenth of the time to respond (15 s where none is set). Of these the
    mildest is taken that comes within two percent points of the best.

    Raises:
        KnownError: there were no alarms, or no candidate removes any.
    """
    if math.isnan(case.alarm.limit):
        raise KnownError("alarm.no_limit", N_("No limit is in force: enter one and compute."))
    candidates = await _consistent(db, case, _candidates(case))
    found = await replayed(case, candidates, progress)
    chosen = await asyncio.to_thread(_best, case, candidates, found, long_s)
    if chosen is None:
        raise KnownError(
            "alarm.no_suggestion",
            N_("No dead band or delay would remove alarms here without losing, merging or delaying long ones."),
        )
    return chosen


async def _consistent(db: Database, case: Case, candidates: Sequence[AlarmSettings]) -> list[AlarmSettings]:
    """The present settings, and those whose dead band fits the setting and the tag's other limits."""
    fitting = {case.present.dead_band}
    for band in sorted({each.dead_band for each in candidates}):
        with suppress(KnownError):
            await check_settings(db, case.alarm, replace(case.present, dead_band=band))
            fitting.add(band)
    return [each for each in candidates if each.dead_band in fitting]


def _candidates(case: Case) -> list[AlarmSettings]:
    """The present settings, then milder changes before stronger ones."""
    present = case.present
    bands = sorted({present.dead_band, *(band for band in _bands(case) if band > present.dead_band)})
    longer = [times * _interval_s(case) for times in INTERVALS]
    on = sorted({present.on_delay_s, *(s for s in (*ON_DELAYS, *longer) if present.on_delay_s < s <= _allowed_s(case))})
    off = sorted({present.off_delay_s, *(s for s in (*OFF_DELAYS, *longer) if present.off_delay_s < s <= LONGEST_S)})
    every = [
        (ranks, replace(present, dead_band=band, on_delay_s=a, off_delay_s=b))
        for ranks, (a, band, b) in zip(
            product(range(len(on)), range(len(bands)), range(len(off))), product(on, bands, off), strict=True
        )
    ]
    return [settings for _, settings in sorted(every, key=lambda each: (sum(each[0]), each[0]))]


def _allowed_s(case: Case) -> float:
    return ALLOWED_S if case.alarm.response_s is None else RESPONSE_SHARE * case.alarm.response_s


def _bands(case: Case) -> list[float]:
    if case.alarm.span is not None:
        return [percent / 100 * case.alarm.span for percent in SPANS]
    return [times * _noise(case) for times in NOISES]


def _interval_s(case: Case) -> float:
    """Median seconds between readings of the tag; 0 when there are too few."""
    own = case.alarm.sensor_id
    steps = np.concatenate([np.diff(b.t[b.sensor_id == own]) for b in case.history])
    return float(np.median(steps)) / SECOND if len(steps) else 0.0


def _noise(case: Case) -> float:
    """Standard deviation of the noise: of the changes between readings, robust (1.4826 MAD / sqrt 2)."""
    steps: list[FloatArray] = [
        np.diff(b.v[(b.sensor_id == case.alarm.sensor_id) & np.isfinite(b.v)]) for b in case.history
    ]
    whole = np.concatenate(steps)
    return float(np.median(np.abs(whole - np.median(whole)))) * 1.4826 / math.sqrt(2) if len(whole) else 0.0


def _best(
    case: Case, candidates: Sequence[AlarmSettings], found: dict[int, Occurrences], long_s: float
) -> Suggestion | None:
    before, long_ns = found[PRESENT_ID], round(long_s * SECOND)
    results = [(s, compare(before, found[n], long_ns)) for n, s in enumerate(candidates, PRESENT_ID)]
    fit = [Suggestion(settings, result) for settings, result in results[1:] if _qualifies(case, result)]
    best = max((each.result.removed or 0.0 for each in fit), default=0.0)
    return next((each for each in fit if (each.result.removed or 0.0) >= best - _CLOSE), None)


def _qualifies(case: Case, result: WhatIf) -> bool:
    if not result.removed or result.removed < 0 or result.lost_long or result.merged_long:
        return False
    longest = LONGER * result.before.in_alarm_s + LONGER_SHARE * (case.stop - case.start) / SECOND
    return result.after.in_alarm_s <= longest and (result.delay.p95 or 0.0) <= _allowed_s(case)
