"""How the Trend page stays up to date: sliding window, newest tail, whole window, forecasts, lost database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from ksys_core.domain.times import SECOND
from ksys_core.services.trends import load_forecasts, load_newest, load_tail
from ksys_hmi.models.trend_rows import PenRow, rows_of
from ksys_hmi.models.trend_state import Cursors, Pen, Scene, View
from ksys_hmi.models.trend_window import STANDARD_SPAN, Window, live_window
from ksys_hmi.presenters import trend_pens
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.presenters.trend_loader import DEBOUNCE_MS, Answer, TrendLoader, Wish
from ksys_hmi.presenters.trend_scene import blank, scene_of, slid
from ksys_hmi.runtime import ConnectionState, Runtime

_WHOLE_EVERY: Final = 60 * SECOND
"""A live window is asked for as a whole again this often, for late and corrected readings."""
_COARSE: Final = 1.5
"""Rows are asked for again when the window has become this many times shorter than what they were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendState(PageState):
    """What the page shows; `notice` is one sentence about the last refusal, or empty."""

    scene: Scene
    cursors: Cursors = field(default_factory=Cursors)
    rows: tuple[PenRow, ...] = ()
    notice: str = ""


class TrendUpdates(Presenter[TrendState]):
    """Keeps pens filled for the view that `TrendPresenter` sets."""

    kinds: ClassVar[frozenset[str]] = frozenset({"readings", "limits", "forecasts", "sensors"})
    period_s = 1.0
    pause_s: ClassVar[float] = 0.5

    def __init__(self, runtime: Runtime) -> None:
        now = runtime.now_ns()
        view = View(live_window(now, STANDARD_SPAN, 0.02))
        super().__init__(runtime, TrendState(loading=False, scene=blank(now, runtime.zone, view)))
        self._pixels = 1000
        self._tail_due = self._newest_due = False
        self._forecasts_due = True
        self._tail_at = self._newest_at = self._whole_at = 0
        self.loader = TrendLoader(runtime, self)
        self.loader.answered.connect(self._on_answer)

    def start(self) -> None:
        """The page is shown: catch up at once, with the old picture until the rows are there."""
        self._whole_at, self._forecasts_due, self._newest_due = 0, True, True
        super().start()

    def stop(self) -> None:
        super().stop()
        self.loader.stop()

    @property
    def busy(self) -> bool:
        """Whether rows are on their way."""
        return self.loader.busy

    def set_pixels(self, pixels: int) -> None:
        """The plot is this wide: the resolution of queries."""
        finer = pixels > self._pixels * _COARSE
        self._pixels = max(pixels, 1)
        if finer:
            self._ask(self._ids())

    def retry(self) -> None:
        """Ask again for everything."""
        self._ask(self._ids(), delay_ms=0)

    async def load(self) -> TrendState:
        """Slides a live window and fetches what its tick is due: forecasts, the whole window, or only the tail."""
        now = self.runtime.now_ns()
        if self._forecasts_due:
            self._forecasts_due = False
            bands = await load_forecasts(self.runtime.db, sensor_ids=sorted(self._ids()))
            self._set_pens(trend_pens.with_forecasts(self.state.scene.pens, bands))
        refresh = self.runtime.settings.hmi.tile_refresh_s * SECOND
        if self._newest_due and now - self._newest_at >= refresh:
            self._newest_due, self._newest_at = False, now
            newest = await load_newest(self.runtime.db, sensor_ids=self._ids())
            self._set_pens(trend_pens.with_newest(self.state.scene.pens, newest))
        live = self.state.scene.view.live
        if not self._whole_at or (live and now - self._whole_at > _WHOLE_EVERY):
            self._whole_at = now
            self._ask(self._ids(), delay_ms=0)
        elif live and self._tail_due and now - self._tail_at >= refresh:
            await self._load_tail(now)
        renewed = round(self.runtime.settings.jobs.forecast_s * SECOND)
        return self._state(pens=trend_pens.aged(self.state.scene.pens, now, renewed), view=self.state.scene.view)

    async def _load_tail(self, now: int) -> None:
        pens = self.state.scene.pens
        since = trend_pens.tail_start(pens, now)
        if since is None or self.loader.busy:
            return
        self._tail_due, self._tail_at = False, now
        asked = {pen.sensor.sensor_id: pen.series for pen in pens if pen.series is not None}
        window = self.state.scene.view.window
        tails = await load_tail(
            self.runtime.db,
            sensor_ids=sorted(asked),
            since_ns=since,
            stop_ns=now + 60 * SECOND,
            px_per_ns=self._pixels / window.span,
        )
        self._set_pens(trend_pens.extended(self.state.scene.pens, tails, asked, self.state.scene.view.window))

    def on_event(self, kind: str, ids: object) -> None:
        """Readings wait for the next tick; everything else is fetched at once."""
        if kind == "readings":
            changed = frozenset(ids) if isinstance(ids, Iterable) else frozenset()
            if not changed or changed & self._ids():
                self._tail_due = self._newest_due = True
            return
        if kind in ("limits", "resync"):
            self._whole_at = 0
        if kind == "resync":
            self._newest_due = True
        if kind in ("forecasts", "resync"):
            self._forecasts_due = True
        if kind == "sensors":
            self._set_pens(trend_pens.refreshed(self.state.scene.pens, self.runtime.sensors))
        self.refresh()

    def _on_connection(self, connection: ConnectionState) -> None:
        if connection.connected:
            self._whole_at, self._forecasts_due, self._newest_due = 0, True, True
        super()._on_connection(connection)
        self.publish(self._state())

    def _ids(self) -> frozenset[int]:
        return frozenset(pen.sensor.sensor_id for pen in self.state.scene.pens)

    def _ask(self, ids: frozenset[int], delay_ms: int = DEBOUNCE_MS) -> None:
        """Wish for rows of the visible window; nothing while the page is hidden or the database is lost."""
        if ids and self.active and self.runtime.connection.connected:
            self._set_pens(trend_pens.asking(self.state.scene.pens, self._needed(), ids))
            self.loader.ask(Wish(ids, self.state.scene.view.window, self._pixels), delay_ms=delay_ms)

    def _needed(self) -> Window:
        """The part of the window that may have readings."""
        window = self.state.scene.view.window
        return Window(window.start, max(min(window.stop, self.runtime.now_ns()), window.start))

    def _ask_if_needed(self) -> None:
        """Wish for rows where those at hand do not reach or are too coarse for the window."""
        needed = self._needed()
        self._ask(frozenset(pen.sensor.sensor_id for pen in self.state.scene.pens if self._lacks(pen, needed)))

    def _lacks(self, pen: Pen, needed: Window) -> bool:
        if pen.series is None or pen.covered is None or not pen.covered.contains(needed):
            return True
        window = self.state.scene.view.window
        return pen.series.step_ns > 0 and pen.covered.span > window.span * 1.5 * _COARSE

    def _on_answer(self, answer: Answer) -> None:
        pens, ids = self.state.scene.pens, answer.wish.ids
        if answer.outcome == "rows":
            pens = trend_pens.filled(pens, answer.rows, answer.covered, answer.wish.window)
        elif answer.outcome == "lost":
            self._whole_at = 0
        else:
            pens = trend_pens.marked(pens, ids, answer.outcome, answer.message)
        self._set_pens(pens)

    def _set_pens(self, pens: tuple[Pen, ...]) -> None:
        self.publish(self._state(pens=pens))

    def _look(self, view: View) -> None:
        """Show another view, with the old pixels first; then ask for what it lacks."""
        self.publish(self._state(view=view))
        self._ask_if_needed()

    def _state(
        self, pens: tuple[Pen, ...] | None = None, view: View | None = None, selected: int | None = None
    ) -> TrendState:
        """The present state with some of it replaced; a live window slides to now."""
        old, now = self.state.scene, self.runtime.now_ns()
        shown = old.pens if pens is None else pens
        slots = [pen.slot for pen in shown]
        chosen = next((slot for slot in (selected, old.selected, *slots) if slot in slots), None)
        stale_since = self.runtime.connection.stale_since
        moved = old.view if view is None else view
        scene = scene_of(
            shown,
            moved if stale_since is not None else slid(moved, shown, now),
            old,
            now=old.now_ns if stale_since is not None else now,
            selected=chosen,
            frozen_since=stale_since,
        )
        rows = rows_of(scene, self.state.cursors)
        return replace(self.state, scene=scene, rows=rows, loading=False, error="", stale_since=stale_since)
