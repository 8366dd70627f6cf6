"""Presenter of a tag's faceplate: value, limits and alarm, and the change of its limits."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ksys_core.domain.tags import LIMIT_KINDS, LimitKind, Sensor
from ksys_core.errors import KnownError
from ksys_core.i18n import tr
from ksys_core.services import dashboard, tags
from ksys_core.services.advisories import open_advisories
from ksys_core.services.alarms import AlarmRow, load_active
from ksys_hmi.formats import format_moment
from ksys_hmi.models.advisory_rows import when_text
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.presenters.dashboard import spark_data, tile_input
from ksys_hmi.presenters.tiles import Reading, TileState, tile_state
from ksys_hmi.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceplateState(PageState):
    """Attributes:
    tile: the tag as the dashboard shows it; time_text: source time of its newest reading.
    limits: as they are written in the fields; saved: counts the changes that came through.
    problem: why the last change was refused.
    alarms: its alarms that are not normal. expected: what its forecast says of its limits, a line each.
    """

    sensor: Sensor
    tile: TileState | None = None
    time_text: str = ""
    limits: Mapping[LimitKind, str] = field(default_factory=dict)
    alarms: tuple[AlarmRow, ...] = ()
    expected: str = ""
    saved: int = 0
    problem: str = ""


class FaceplatePresenter(Presenter[FaceplateState]):
    """Follows one tag while its faceplate is shown."""

    kinds = frozenset({"limits", "alarms", "sensors", "advisories"})

    def __init__(self, runtime: Runtime, sensor: Sensor) -> None:
        super().__init__(runtime, FaceplateState(sensor=sensor))
        self.period_s = runtime.settings.hmi.tile_refresh_s

    async def load(self) -> FaceplateState:
        sensor, db, now = self.state.sensor, self.runtime.db, self.runtime.now_ns()
        newest = await dashboard.load_newest(db)
        found = {int(i): k for k, i in enumerate(newest.sensor_id)}.get(sensor.sensor_id)
        reading = (
            None if found is None else Reading(int(newest.t[found]), float(newest.v[found]), int(newest.quality[found]))
        )
        context = (await dashboard.load_context(db, [sensor.sensor_id], now))[sensor.sensor_id]
        limits = context.limits
        table = await load_active(db)
        ahead = await open_advisories(db, sensor.sensor_id)
        return replace(
            self.state,
            loading=False,
            error="",
            tile=tile_state(tile_input(sensor, reading, context, spark_data(context), None), now),
            time_text="" if reading is None else format_moment(reading.t, self.runtime.zone),
            limits={k: f"{limits[k]:.12g}" if k in limits else "" for k in LIMIT_KINDS},
            expected="\n".join(when_text(each, now) for each in ahead),
            alarms=tuple(row for row in table.rows if row.sensor_id == sensor.sensor_id),
        )

    def save_limits(self, texts: Mapping[LimitKind, str], reason: str) -> None:
        """Put the typed limits in force; why it was refused stands in the state."""
        self.runtime.spawn(self._save(texts, reason), "change limits")

    async def _save(self, texts: Mapping[LimitKind, str], reason: str) -> None:
        tag = self.state.sensor
        try:
            changed = await tags.change_limits(
                self.runtime.db, sensor_id=tag.sensor_id, texts=texts, reason=reason, station=platform.node()
            )
        except KnownError as error:
            self.publish(replace(self.state, problem=str(error)))
            return
        text = tr("Limits of {tag} changed.", tag=tag.tag)
        self.runtime.events.message.emit(text if changed else tr("Limits of {tag} are as they were.", tag=tag.tag))
        self.publish(replace(self.state, saved=self.state.saved + 1, problem=""))
        self.refresh()
