"""The Trend page: what keys and mouse do to pens, view and cursors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ksys_core.domain.times import SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import tr
from ksys_core.store.embedded import default_data_dir
from ksys_hmi.models.pen_sets import PenSets
from ksys_hmi.models.trend_axes import Axis
from ksys_hmi.models.trend_rows import rows_of
from ksys_hmi.models.trend_state import HARD_PENS, SOFT_PENS, Cursors, View
from ksys_hmi.models.trend_window import History, Window, entered_window
from ksys_hmi.presenters import trend_moves, trend_pens
from ksys_hmi.presenters.trend_updates import TrendUpdates
from ksys_hmi.runtime import Runtime

_PAN: float = 0.1
_ZOOM: float = 0.5


class TrendPresenter(TrendUpdates):
    """Holds the trend and changes it; every change publishes a state."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._history: History[tuple[View, trend_pens.Pens]] = History()

    @property
    def pen_sets(self) -> PenSets:
        """The person's saved pen sets, in the data folder."""
        folder = self.runtime.settings.data_dir or default_data_dir()
        return PenSets(folder / "pen_sets.json", self.runtime.session.login)

    def save_pens(self, name: str = "") -> None:
        """Keep the pens under `name`, or as those that were shown last; the status line tells when that fails."""
        try:
            self.pen_sets.save(self.tags(), name)
        except KnownError as error:
            self.runtime.events.message.emit(str(error))

    @property
    def view(self) -> View:
        """Where one looks."""
        return self.state.scene.view

    def open(self, tags: Sequence[str] = (), at: int | None = None, span_s: float | None = None) -> None:
        """Show these tags instead of the present ones, around the instant `at` (ns) or live."""
        if tags:
            self._remember()
            self.publish(self._state(pens=()))
            self._add(tags)
        past = round(span_s * SECOND) if span_s else self.view.past
        if at is None:
            self.change(replace(self.view, live=True, past=past))
        else:
            self.change(replace(self.view, live=False, past=past, window=Window(at - past // 2, at + past // 2)))
            self.set_cursors(Cursors(first=at))

    def add(self, tags: Sequence[str]) -> None:
        """A pen for each tag; those that are unknown or find no room are named in the notice."""
        self._remember()
        self._add(tags)

    def _add(self, tags: Sequence[str]) -> None:
        known = [sensor for tag in tags if (sensor := self.runtime.sensor(tag)) is not None]
        before = self.state.scene.pens
        pens, refused = trend_pens.added(before, known)
        new = frozenset(pen.sensor.sensor_id for pen in pens[len(before) :])
        unknown = sorted(set(tags) - {sensor.tag for sensor in known})
        state = self._state(pens=pens, selected=pens[-1].slot if new else None)
        notice = _notice(len(pens), bool(new), [sensor.tag for sensor in refused], unknown)
        self.publish(replace(state, notice=notice))
        if new:
            self._forecasts_due, self._newest_due, self._newest_at = True, True, 0
            self._ask(new, delay_ms=0)
            self.refresh()

    def remove(self, slot: int) -> None:
        """Take that pen away."""
        self._remember()
        pens = tuple(pen for pen in self.state.scene.pens if pen.slot != slot)
        self.publish(replace(self._state(pens=pens), notice=""))

    def select(self, slot: int | None) -> None:
        """Show this pen's limits and gaps, and put its curve on top."""
        if slot is not None and slot != self.state.scene.selected:
            self.publish(self._state(selected=slot))

    def begin_gesture(self) -> None:
        """A drag begins: undo comes back to the view before it."""
        self._remember()

    def drag(self, by: int) -> None:
        """Move the window by `by` ns as part of a gesture."""
        self._look(trend_moves.panned(self.view, by))

    def change(self, view: View) -> None:
        """Look elsewhere; undo comes back."""
        self._remember()
        self._look(view)

    def undo(self) -> None:
        """Back to the view and the pens before."""
        self._restore(*self._history.undo((self.view, self.state.scene.pens)))

    def redo(self) -> None:
        """Forward again to what was undone."""
        self._restore(*self._history.redo((self.view, self.state.scene.pens)))

    def _remember(self) -> None:
        self._history.push((self.view, self.state.scene.pens))

    def _restore(self, view: View, pens: trend_pens.Pens) -> None:
        """Look there again; pens that are still shown keep their newest rows."""
        now = {pen.sensor.sensor_id: pen for pen in self.state.scene.pens}
        self.publish(self._state(pens=tuple(now.get(pen.sensor.sensor_id, pen) for pen in pens)))
        self._look(view)

    def pan(self, steps: int) -> None:
        """A tenth of the window a step, to the right when positive."""
        self.change(trend_moves.panned(self.view, round(self.view.window.span * _PAN) * steps))

    def zoom(self, factor: float, anchor: int | None = None) -> None:
        """The window `factor` times as long, about `anchor` (ns), the cursor, or the middle."""
        window, first = self.view.window, self.state.cursors.first
        if anchor is None:
            anchor = first if first is not None and window.start < first < window.stop else None
        self.change(trend_moves.zoomed(self.view, factor, anchor or (window.start + window.stop) // 2))

    def zoom_in(self) -> None:
        """Half as long."""
        self.zoom(_ZOOM)

    def zoom_out(self) -> None:
        """Twice as long."""
        self.zoom(1 / _ZOOM)

    def set_past(self, past: int) -> None:
        """A range button: `past` ns."""
        self.change(trend_moves.looking_back(self.view, past, self.runtime.now_ns()))

    def enter(self, start: str, stop: str) -> str:
        """Look at the stretch between two typed local times; returns what is wrong with them, or an empty text."""
        try:
            window = entered_window(start, stop, self.runtime.zone)
        except KnownError as error:
            return str(error)
        self.change(replace(self.view, live=False, window=window))
        return ""

    def toggle_live(self) -> None:
        """Pause, or follow the clock again."""
        paused = trend_moves.paused(self.view)
        self.change(paused if self.view.live else trend_moves.live_again(self.view, self.runtime.now_ns()))

    def standard(self) -> None:
        """The view that one always finds back to."""
        self.change(trend_moves.standard(self.view))

    def toggle_autoscale(self) -> None:
        """Hold all axes, or free them."""
        self.change(trend_moves.autoscale_toggled(self.view, self.state.scene.axes))

    def toggle_lanes(self) -> None:
        """A lane for each pen, or all in one plot."""
        self.change(replace(self.view, lanes=not self.view.lanes))

    def toggle_forecast(self) -> None:
        """Bands after now, or none."""
        self.change(replace(self.view, show_forecast=not self.view.show_forecast))

    def set_cursors(self, cursors: Cursors) -> None:
        """Put the cursors; the curves stay as they are."""
        if cursors != self.state.cursors:
            self.publish(replace(self.state, cursors=cursors, rows=rows_of(self.state.scene, cursors)))

    def toggle_cursor(self) -> None:
        """First cursor on, or all off."""
        self.set_cursors(trend_moves.cursor_toggled(self.state.cursors, self.state.scene))

    def toggle_second(self) -> None:
        """Second cursor on or off."""
        self.set_cursors(trend_moves.second_toggled(self.state.cursors, self.state.scene))

    def follow(self, t: int) -> None:
        """The mouse is at `t` (ns): the cursor that follows it goes there."""
        if self.state.cursors.following:
            self.set_cursors(trend_moves.cursor_at(self.state.cursors, t))

    def step_cursor(self, by: int) -> None:
        """Move the newest cursor by `by` ns; it stays there."""
        cursors = self.state.cursors
        at = cursors.second if cursors.second is not None else cursors.first
        if at is not None:
            self.set_cursors(trend_moves.cursor_at(replace(cursors, following=0), at + by))

    def click(self, t: int, slot: int | None) -> None:
        """A click on the plot: a cursor that follows the mouse stays at `t`; else the pen there is selected."""
        cursors = self.state.cursors
        if cursors.following:
            self.set_cursors(replace(trend_moves.cursor_at(cursors, t), following=0))
        elif slot is None:
            self.set_cursors(trend_moves.cursor_at(cursors, t))
        self.select(slot)

    def zoom_axis(self, axis: Axis, factor: float, anchor: float) -> None:
        """Stretch one axis about the value `anchor` and hold it."""
        self.change(trend_moves.axis_zoomed(self.view, axis, factor, anchor))

    def tags(self) -> list[str]:
        """Names of the pens' tags."""
        return [pen.sensor.tag for pen in self.state.scene.pens]

    def remove_selected(self) -> None:
        """Take the selected pen away."""
        if self.state.scene.selected is not None:
            self.remove(self.state.scene.selected)

    def select_next(self) -> None:
        """The pen after the selected one, round and round."""
        slots = [pen.slot for pen in self.state.scene.pens]
        if slots:
            here = slots.index(self.state.scene.selected) if self.state.scene.selected in slots else -1
            self.select(slots[(here + 1) % len(slots)])

    def close_topmost(self) -> bool:
        """Take the topmost cursor away; False when there was none."""
        shown = self.state.cursors.first is not None
        self.set_cursors(trend_moves.one_closed(self.state.cursors))
        return shown


def _notice(count: int, grew: bool, refused: list[str], unknown: list[str]) -> str:
    if refused:
        return tr("A trend takes {n} pens at most; not added: {tags}", n=HARD_PENS, tags=", ".join(refused))
    if unknown:
        return tr("No such tag: {tags}", tags=", ".join(unknown))
    if grew and count > SOFT_PENS:
        return tr("More than {n} pens are hard to read; the others are grey until they are selected", n=SOFT_PENS)
    return ""
