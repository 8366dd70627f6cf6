"""Columns of the master alarm table, and how a derived priority is put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ksys_core.areas import area_title
from ksys_core.domain.alarms.master import BY_NAME, SEVERITY_WORDS, MasterRecord
from ksys_core.domain.alarms.matrix import Derivation, PriorityMatrix
from ksys_core.domain.alarms.units import limit_decimals, limit_unit
from ksys_core.i18n import N_, tr
from ksys_hmi.alarm_words import kind_word
from ksys_hmi.formats import format_age, format_value
from ksys_hmi.models.rows import Column, RowsModel

if TYPE_CHECKING:
    from ksys_hmi.presenters.alarm_master import MasterRow

_NONE: Final = ""


def master_model() -> RowsModel[MasterRow]:
    """The table; a row is known by its alarm."""
    columns: tuple[Column[MasterRow], ...] = (
        Column(N_("P"), _priority, numeric=True, tooltip=_why),
        Column(N_("Tag"), lambda row: row.record.tag),
        Column(N_("Kind"), lambda row: row.record.kind, tooltip=lambda row: kind_word(row.record.kind)),
        Column(N_("Label"), lambda row: row.record.label),
        Column(N_("Limit"), _limit, numeric=True),
        Column(N_("Unit"), lambda row: limit_unit(row.record.kind, row.alarm.unit)),
        Column(N_("Dead band"), _dead_band, numeric=True),
        Column(N_("Delays (s)"), _delays, numeric=True),
        Column(N_("Severity"), lambda row: choice_word(row.record, "severity") if row.record.severity else _NONE),
        Column(N_("Respond in"), _respond),
        Column(N_("Rationalised"), lambda row: tr("yes") if row.record.rationalised else tr("no")),
        Column(N_("Review"), _review),
        Column(N_("Class"), lambda row: choice_word(row.record, "alarm_class")),
        Column(N_("MOC number"), lambda row: row.record.moc_id),
        Column(N_("Owner"), lambda row: row.record.owner),
        Column(N_("Description"), lambda row: tr.pick(dict(row.alarm.description))),
        Column(N_("Area"), lambda row: area_title(row.alarm.area)),
    )
    return RowsModel(columns, key=lambda row: row.alarm.alarm_id)


def derivation_text(found: Derivation, matrix: PriorityMatrix) -> str:
    """``P2: severe consequence, respond in 10 to 30 min``, with what speaks against its being an alarm."""
    if found.severity is None or found.band is None:
        said = tr("Priority not derived yet: severity or time to respond is missing.")
    else:
        name = tr("no priority") if found.priority is None else f"P{found.priority}"
        said = tr(
            "{priority}: {severity} consequence, time to respond {band}",
            priority=name,
            severity=tr(SEVERITY_WORDS[found.severity]),
            band=band_words(matrix)[found.band],
        )
    return " ".join([said, *("▲ " + tr(objection) for objection in found.objections)])


def band_words(matrix: PriorityMatrix) -> tuple[str, str, str, str]:
    """The ranges of the time to respond, in minutes."""
    longest, middle, shortest = (f"{bound / 60:g}" for bound in matrix.bounds_s)
    return (
        tr("above {n} min", n=longest),
        tr("{a} to {b} min", a=middle, b=longest),
        tr("{a} to {b} min", a=shortest, b=middle),
        tr("below {n} min", n=shortest),
    )


def choice_word(record: MasterRecord, name: str) -> str:
    """A choice's value in the person's language."""
    return tr(dict(BY_NAME[name].choices)[getattr(record, name)])


def _priority(row: MasterRow) -> str:
    derived = row.derivation.priority is not None
    return str(row.alarm.priority) if derived else f"({row.alarm.priority})"


def _why(row: MasterRow) -> str:
    found = row.derivation
    if found.severity is None or found.band is None:
        return tr("Priority not derived yet: severity or time to respond is missing.")
    return " ".join(tr(objection) for objection in found.objections) or tr("Derived from severity and time to respond.")


def _limit(row: MasterRow) -> str:
    limit = row.record.limit
    return _NONE if limit is None else format_value(limit, limit_decimals(row.record.kind, row.alarm.decimals))


def _dead_band(row: MasterRow) -> str:
    unit = " %" if row.record.dead_band_unit == "span" else ""
    return f"{row.record.dead_band:g}{unit}"


def _delays(row: MasterRow) -> str:
    return f"{row.record.on_delay_s:g} / {row.record.off_delay_s:g}"


def _respond(row: MasterRow) -> str:
    return _NONE if row.record.response_s is None else format_age(row.record.response_s)


def _review(row: MasterRow) -> str:
    due = row.record.review_date
    if due is None:
        return _NONE
    return tr("{date} overdue", date=due.isoformat()) if row.overdue else due.isoformat()
