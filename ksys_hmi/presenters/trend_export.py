"""Export of a trend: runs beside everything else, shows its progress, can be cancelled."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ksys_core.domain.times import to_datetime
from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.i18n import tr
from ksys_core.services.trend_export import export_drawn, export_readings
from ksys_hmi.models.trend_state import Scene
from ksys_hmi.runtime import Runtime


@dataclass(frozen=True, slots=True)
class ExportState:
    """`share` (0 to 1) while it runs, else None; `message` is the outcome of the last one."""

    share: float | None = None
    message: str = ""


class TrendExport(QObject):
    """One export at a time."""

    changed = Signal(object)

    def __init__(self, runtime: Runtime, parent: QObject) -> None:
        super().__init__(parent)
        self._runtime = runtime
        self._task: asyncio.Task[None] | None = None
        self.state = ExportState()

    def proposed_name(self, scene: Scene, kind: str) -> str:
        """``trend_<tag>_<raw|drawn>_<yyyymmdd_HHMMSS>.csv`` in plant time."""
        now: datetime = to_datetime(self._runtime.now_ns()).astimezone(self._runtime.zone)
        tag = scene.pens[0].sensor.tag if len(scene.pens) == 1 else f"{len(scene.pens)}tags"
        return f"trend_{''.join(c if c.isalnum() or c in '-_' else '_' for c in tag)}_{kind}_{now:%Y%m%d_%H%M%S}.csv"

    def start(self, scene: Scene, path: Path, *, drawn: bool) -> None:
        """Write what `scene` shows to `path`: the rows that are drawn, or every reading behind them."""
        if self._task is None:
            self._show(ExportState(0.0))
            self._task = self._runtime.spawn(self._run(scene, path, drawn), "trend export")

    def cancel(self) -> None:
        """Stop; no file is left."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._show(ExportState(None, tr("Export cancelled")))

    async def _run(self, scene: Scene, path: Path, drawn: bool) -> None:
        window, zone = scene.view.window, self._runtime.zone
        try:
            if drawn:
                pens = [(pen.sensor, pen.series) for pen in scene.pens if pen.series is not None]
                rows = await asyncio.to_thread(
                    export_drawn, pens, start_ns=window.start, stop_ns=window.stop, zone=zone, path=path
                )
            else:
                rows = await export_readings(
                    self._runtime.db,
                    sensors=[pen.sensor for pen in scene.pens],
                    start_ns=window.start,
                    stop_ns=min(window.stop, self._runtime.now_ns()),
                    zone=zone,
                    path=path,
                    progress=lambda share: self._show(ExportState(share)),
                )
            outcome = tr("{n} rows written to {file}", n=rows, file=path.name)
        except (KnownError, DatabaseDownError) as error:
            outcome = tr("Export failed: {reason}", reason=str(error))
        self._task = None
        self._show(ExportState(None, outcome))

    def _show(self, state: ExportState) -> None:
        self.state = state
        self.changed.emit(state)
