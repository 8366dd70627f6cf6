"""How advisories are written: of a limit with time, range and probability, of a model with what has changed; and what
became of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.i18n import N_, tr
from ksys_core.services.advisories import Advisory, AdvisoryScores, AnyAdvisory, DriftAdvisory
from ksys_core.services.drift_words import effect_text, signs_text
from ksys_core.services.forecast import algorithm_title
from ksys_hmi.alarm_words import kind_word
from ksys_hmi.formats import format_day_time, format_value
from ksys_hmi.models.rows import Column, RowsModel

Now = Callable[[], int]
_MINUTE_NS: Final = 60_000_000_000
_REASONS: Final = {
    "crossed": N_("crossed"),
    "receded": N_("receded"),
    "stale": N_("forecast or value stale"),
    "no_model": N_("no model deployed"),
    "limit": N_("limit removed"),
    "settled": N_("fits again"),
    "retrained": N_("retrained"),
    "replaced": N_("another model in charge"),
}
_OUTCOMES: Final = {
    "pending": N_("open"),
    "true": N_("came true"),
    "early": N_("came later than foretold"),
    "false": N_("did not come"),
    "unknown": N_("Not known"),
}


def when_text(one: Advisory, now: int) -> str:
    """``HH in 34 min (80 %: 21-70)``; a range that ends beyond the horizon is open."""
    low, high = _minutes(one.eta_lo, now), "…" if one.eta_hi is None else _minutes(one.eta_hi, now)
    text = tr("{kind} in {n} min (80 %: {low}–{high})", kind=one.kind, n=_minutes(one.eta, now), low=low, high=high)
    return text if one.source == "model" else tr("{told} – fallback forecast", told=text)


def _minutes(t: int, now: int) -> str:
    return str(max(round((t - now) / _MINUTE_NS), 0))


def drift_text(one: DriftAdvisory) -> str:
    """By what it shows that a forecast no longer fits, and what is being done."""
    return tr("{signs}; {effect}", signs=signs_text(one), effect=effect_text(one))


def _whole_text(one: AnyAdvisory, now: int) -> str:
    if isinstance(one, DriftAdvisory):
        return tr("The forecast of {tag} no longer fits: {told}", tag=one.tag, told=drift_text(one))
    return when_text(one, now)


def of_model(one: AnyAdvisory) -> bool:
    """Whether it tells of a model, not of a limit."""
    return isinstance(one, DriftAdvisory)


def current_model(zone: ZoneInfo, now: Now) -> RowsModel[AnyAdvisory]:
    """Open advisories."""
    columns: tuple[Column[AnyAdvisory], ...] = (
        Column(N_("Tag"), lambda one: one.tag),
        Column(N_("Area"), lambda one: area_title(one.area)),
        Column(N_("Kind"), _kind),
        Column(N_("Limit"), _of_limit(_limit), numeric=True, tooltip=_of_limit(lambda one: kind_word(one.kind))),
        Column(
            N_("Expected"),
            lambda one: drift_text(one) if isinstance(one, DriftAdvisory) else when_text(one, now()),
            tooltip=lambda one: _whole_text(one, now()),
        ),
        Column(N_("Probability"), _of_limit(_probability), numeric=True),
        Column(N_("Model"), _model),
        Column(N_("Forecast of"), _of_limit(lambda one: format_day_time(one.issue, zone))),
        Column(N_("Since"), lambda one: format_day_time(one.opened, zone)),
        Column(N_("Seen by"), lambda one: one.seen_by or ""),
    )
    return RowsModel(columns, key=lambda one: one.advisory_id)


def past_model(zone: ZoneInfo) -> RowsModel[AnyAdvisory]:
    """Closed advisories."""
    columns: tuple[Column[AnyAdvisory], ...] = (
        Column(N_("Tag"), lambda one: one.tag),
        Column(N_("Kind"), _kind),
        Column(N_("Limit"), _of_limit(_limit), numeric=True, tooltip=_of_limit(lambda one: kind_word(one.kind))),
        Column(N_("Since"), lambda one: format_day_time(one.opened, zone)),
        Column(N_("Closed"), lambda one: "" if one.closed is None else format_day_time(one.closed, zone)),
        Column(N_("Why"), lambda one: tr(_REASONS[one.close_reason])),
        Column(
            N_("Outcome"), lambda one: signs_text(one) if isinstance(one, DriftAdvisory) else tr(_OUTCOMES[one.outcome])
        ),
        Column(N_("Lead time"), _of_limit(_lead), numeric=True),
        Column(N_("Model"), _model),
    )
    return RowsModel(columns, key=lambda one: one.advisory_id)


def _of_limit(text: Callable[[Advisory], str]) -> Callable[[AnyAdvisory], str]:
    """What only the advisories of limits have; nothing for the others."""
    return lambda one: "" if isinstance(one, DriftAdvisory) else text(one)


def _kind(one: AnyAdvisory) -> str:
    return tr("no longer fits") if isinstance(one, DriftAdvisory) else tr("limit ahead")


def scores_text(scores: AdvisoryScores) -> str:
    """How good the advisories of limits of the last 30 days were."""
    if scores.precision is None:
        return tr("No outcome is known yet.")
    return tr(
        "Last 30 days: {true} true, {early} later, {false} did not come; precision {precision} %, lead time {lead} min",
        true=scores.n_true,
        early=scores.n_early,
        false=scores.n_false,
        precision=format_value(100 * scores.precision, 0),
        lead="–" if scores.lead_s is None else format_value(scores.lead_s / 60, 0),
    )


def _limit(one: Advisory) -> str:
    return f"{one.kind} {format_value(one.limit, one.decimals)} {one.unit}".strip()


def _probability(one: Advisory) -> str:
    return f"{format_value(100 * one.probability, 0)} %"


def _model(one: AnyAdvisory) -> str:
    title = tr(algorithm_title(one.algorithm)) if one.algorithm else ""
    return title if isinstance(one, DriftAdvisory) or one.source == "model" else tr("{title} (fallback)", title=title)


def _lead(one: Advisory) -> str:
    return "" if one.crossed is None else tr("{n} min", n=format_value((one.crossed - one.opened) / _MINUTE_NS, 0))
