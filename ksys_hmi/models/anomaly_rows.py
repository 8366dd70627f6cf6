"""Rows and columns of the anomalies page."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ksys_core.anomaly_words import KINDS
from ksys_core.areas import area_title
from ksys_core.i18n import N_, tr
from ksys_hmi.formats import format_age, format_day_time, format_value
from ksys_hmi.models.rows import Column, RowsModel


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """One anomaly.

    Attributes:
        tag: empty: the unit as a whole.
        begin, end: ns UTC; end None: it shows now. seconds: how long.
        score: in limits. level: 0 to 1, for its bar.
        shares: each tag's share, the largest first.
    """

    anomaly_id: int
    group: str
    tag: str
    kind: str
    begin: int
    end: int | None
    seconds: float
    score: float
    level: float
    shares: tuple[tuple[str, float], ...]

    @property
    def trend_tags(self) -> tuple[str, ...]:
        """What its trend shows."""
        return (self.tag,) if self.tag else tuple(tag for tag, _share in self.shares)


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A tag's share of a unit's score, 0 to 1, with the tag's description."""

    tag: str
    description: str
    share: float


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit that is watched; `state` and `error` are translated."""

    group_id: int
    name: str
    tags: int
    trained: int | None
    state: str


def anomaly_model(zone: ZoneInfo) -> RowsModel[AnomalyRow]:
    columns: tuple[Column[AnomalyRow], ...] = (
        Column(N_("Begin"), lambda row: format_day_time(row.begin, zone)),
        Column(N_("End"), lambda row: tr("shows now") if row.end is None else format_day_time(row.end, zone)),
        Column(N_("Length"), lambda row: format_age(row.seconds), numeric=True),
        Column(N_("Plant unit"), lambda row: area_title(row.group)),
        Column(N_("Tag"), lambda row: row.tag),
        Column(N_("What shows"), lambda row: tr(KINDS[row.kind])),
        Column(N_("Score, in limits"), lambda row: format_value(row.score, 1), numeric=True),
    )
    return RowsModel(columns, key=lambda row: row.anomaly_id)


def share_model() -> RowsModel[ShareRow]:
    columns: tuple[Column[ShareRow], ...] = (
        Column(N_("Tag"), lambda row: row.tag, tooltip=lambda row: row.description),
        Column(N_("Share, %"), lambda row: format_value(100 * row.share, 0), numeric=True),
    )
    return RowsModel(columns, key=lambda row: row.tag)


def unit_model(zone: ZoneInfo) -> RowsModel[UnitRow]:
    columns: tuple[Column[UnitRow], ...] = (
        Column(N_("Plant unit"), lambda row: area_title(row.name)),
        Column(N_("Number of tags"), lambda row: format_value(row.tags, 0), numeric=True),
        Column(N_("Trained"), lambda row: "–" if row.trained is None else format_day_time(row.trained, zone)),
        Column(N_("State"), lambda row: row.state),
    )
    return RowsModel(columns, key=lambda row: row.group_id)
