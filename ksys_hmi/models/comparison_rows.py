"""Rows of the comparison: what a detector found, and labelled events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.domain.detection import Score
from ksys_core.i18n import N_, tr
from ksys_core.services.comparison import Compared
from ksys_core.services.labels import StoredLabel
from ksys_hmi.formats import format_moment, format_value
from ksys_hmi.models.rows import Column, RowsModel

_NONE: Final = "–"


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One detector on one tag, area or file; `who` is English, to translate."""

    name: str
    who: str
    score: Score


def score_rows(found: Iterable[Compared], model: str) -> tuple[ScoreRow, ...]:
    """Two rows each: rules, then what stands against them, called `model` (English, to translate)."""
    return tuple(
        ScoreRow(each.name, who, score)
        for each in found
        for who, score in ((N_("Rule alarms"), each.rules), (model, each.model))
    )


def score_model() -> RowsModel[ScoreRow]:
    columns: tuple[Column[ScoreRow], ...] = (
        Column(N_("Tag or area"), lambda row: tr(row.name) if row.name else tr("Whole plant")),
        Column(N_("Detector"), lambda row: tr(row.who)),
        Column(N_("Events"), lambda row: format_value(row.score.events, 0), numeric=True),
        Column(N_("Found"), lambda row: format_value(row.score.found, 0), numeric=True),
        Column(N_("Recall"), lambda row: _percent(row.score.recall), numeric=True),
        Column(N_("Detections"), lambda row: format_value(row.score.detections, 0), numeric=True),
        Column(N_("Precision"), lambda row: _percent(row.score.precision), numeric=True),
        Column(N_("False a day"), lambda row: _number(row.score.false_a_day, 2), numeric=True),
        Column(N_("Lead time, min"), lambda row: _minutes(row.score.lead_s), numeric=True, tooltip=lambda _: tr(_LEAD)),
    )
    return RowsModel(columns, key=lambda row: (row.name, row.who))


def label_model(zone: ZoneInfo) -> RowsModel[StoredLabel]:
    columns: tuple[Column[StoredLabel], ...] = (
        Column(N_("Tag or area"), lambda row: row.label.tag or area_title(row.label.area) or tr("Whole plant")),
        Column(N_("From"), lambda row: format_moment(row.label.start, zone)),
        Column(N_("To"), lambda row: format_moment(row.label.end, zone)),
        Column(N_("Event"), lambda row: row.label.text),
        Column(N_("Labelled by"), lambda row: row.by),
    )
    return RowsModel(columns, key=lambda row: row.event_id)


_LEAD: Final = N_("Median time from the first detection to the begin of the event; negative: it came after the begin.")


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{format_value(100 * share, 0)} %"


def _number(value: float | None, decimals: int) -> str:
    return _NONE if value is None else format_value(value, decimals)


def _minutes(seconds: float | None) -> str:
    return _NONE if seconds is None else format_value(seconds / 60, 0)
