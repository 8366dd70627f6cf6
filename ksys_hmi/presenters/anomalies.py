"""Presenter of the anomalies page: what units and tags show that was not foreseen, and how the detectors stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ksys_core import anomaly_words
from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.i18n import N_, tr
from ksys_core.services import anomalies
from ksys_core.services.anomalies import Anomaly, Group
from ksys_hmi.formats import format_clock
from ksys_hmi.models.anomaly_rows import AnomalyRow, ShareRow, UnitRow
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

DAY_S: Final = 86_400
BEHIND: Final = 5 * MINUTE
"""A detector that is further behind than this and its grid stands still."""
FULL_AT: Final = 100.0
"""A score of so many limits fills its bar; the bar is logarithmic, as scores are read."""
NO_UNITS: Final = N_("No tag has an area. Units are made of areas; see the help.")
UNTRAINED: Final = N_("No detector is trained yet: each needs some hours of history of its tags.")
NOTHING: Final = N_("No anomalies in this period.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomaliesState(PageState):
    """Attributes:
    span_s: length of the period that ends now. active: how many show now.
    hint: why there are no rows, translated.
    """

    span_s: int = DAY_S
    active: int = 0
    rows: tuple[AnomalyRow, ...] = ()
    units: tuple[UnitRow, ...] = ()
    hint: str = ""


class AnomaliesPresenter(Presenter[AnomaliesState]):
    """Follows the detectors while the page is shown."""

    kinds = frozenset({"anomalies"})
    period_s = 30.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, AnomaliesState())

    def set_span(self, span_s: int) -> None:
        """Show the last `span_s` seconds."""
        self.publish(AnomaliesState(span_s=span_s, stale_since=self.state.stale_since))
        self.refresh()

    async def load(self) -> AnomaliesState:
        span_s, now = self.state.span_s, self.runtime.now_ns()
        found = await anomalies.listed(self.runtime.db, since_ns=now - span_s * SECOND)
        groups = await anomalies.groups(self.runtime.db)
        if span_s != self.state.span_s:
            return self.state  # another period was chosen meanwhile; its load is under way
        return replace(
            self.state,
            loading=False,
            error="",
            active=sum(one.until_ns is None for one in found),
            rows=tuple(_row(one, now) for one in found),
            units=tuple(self._unit(group, now) for group in groups),
            hint="" if found else _hint(groups),
        )

    def shares(self, row: AnomalyRow | None) -> tuple[ShareRow, ...]:
        """The shares of the tags in `row`, with their descriptions."""
        if row is None:
            return ()
        words = {sensor.tag: sensor.description for sensor in self.runtime.sensors.values()}
        return tuple(ShareRow(tag, words.get(tag, {}).get(tr.language, ""), share) for tag, share in row.shares)

    def _unit(self, group: Group, now: int) -> UnitRow:
        return UnitRow(group.group_id, group.name, len(group.sensor_ids), group.trained_ns, self._state(group, now))

    def _state(self, group: Group, now: int) -> str:
        if not group.enabled:
            return tr(anomaly_words.DISABLED)
        if group.error:
            return tr(group.error)
        if group.trained_ns is None:
            return tr(anomaly_words.NOT_TRAINED)
        if group.seen_ns is None:
            return tr(anomaly_words.WAITS)
        if now - group.seen_ns > BEHIND + (group.interval_s or 0) * SECOND:
            return tr(anomaly_words.STANDS, time=format_clock(group.seen_ns, self.runtime.zone))
        return tr(anomaly_words.WATCHES)


def _row(one: Anomaly, now: int) -> AnomalyRow:
    return AnomalyRow(
        anomaly_id=one.anomaly_id,
        group=one.group,
        tag=one.tag,
        kind=one.kind,
        begin=one.since_ns,
        end=one.until_ns,
        seconds=((one.until_ns or now) - one.since_ns) / SECOND,
        score=one.score,
        level=min(math.log(one.score) / math.log(FULL_AT), 1.0),
        shares=one.shares,
    )


def _hint(groups: Sequence[Group]) -> str:
    if not groups:
        return tr(NO_UNITS)
    return tr(NOTHING) if any(group.trained_ns is not None for group in groups) else tr(UNTRAINED)
