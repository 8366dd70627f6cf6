"""Export of a trend: runs beside everything else, shows its progress, can be cancelled."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import tr
from ksys_core.services.trend_export import export_drawn, export_readings
from ksys_hmi.models.trend_state import Scene
from ksys_hmi.presenters.file_export import FileExport


class TrendExport(FileExport):
    """One export at a time."""

    def proposed_name(self, scene: Scene, kind: str) -> str:
        """``trend_<tag>_<raw|drawn>_<yyyymmdd_HHMMSS>.csv`` in plant time."""
        now: datetime = to_datetime(self._runtime.now_ns()).astimezone(self._runtime.zone)
        tag = scene.pens[0].sensor.tag if len(scene.pens) == 1 else f"{len(scene.pens)}tags"
        return f"trend_{''.join(c if c.isalnum() or c in '-_' else '_' for c in tag)}_{kind}_{now:%Y%m%d_%H%M%S}.csv"

    def start(self, scene: Scene, path: Path, *, drawn: bool) -> None:
        """Write what `scene` shows to `path`: the rows that are drawn, or every reading behind them."""
        self.begin(self._write(scene, path, drawn))

    async def _write(self, scene: Scene, path: Path, drawn: bool) -> str:
        window, zone = scene.view.window, self._runtime.zone
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
                progress=self.show_share,
            )
        return tr("{n} rows written to {file}", n=rows, file=path.name)
