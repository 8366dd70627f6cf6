"""The alarm report of the period that the analytics show, as a file."""

from __future__ import annotations

from pathlib import Path

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import tr
from ksys_core.services.alarms_report import alarm_report
from ksys_core.services.alarms_report_file import renderer, write_report
from ksys_hmi.presenters.file_export import FileExport


class ReportExport(FileExport):
    """One report at a time."""

    def proposed_name(self) -> str:
        """``alarms_<yyyymmdd>.html`` in plant time."""
        return f"alarms_{to_datetime(self._runtime.now_ns()).astimezone(self._runtime.zone):%Y%m%d}.html"

    def start(self, path: Path, start: int, stop: int, area: str | None) -> None:
        """Write the report of ``[start, stop)`` (ns) on one area (None: all) to `path`, as page or workbook."""
        self.begin(self._write(path, start, stop, area))

    async def _write(self, path: Path, start: int, stop: int, area: str | None) -> str:
        renderer(path)
        runtime = self._runtime
        report = await alarm_report(
            runtime.db, start=start, stop=stop, area=area, zone=runtime.zone, now=runtime.now_ns()
        )
        self.show_share(0.7)
        await write_report(report, path)
        return tr("Report written to {file}", file=path.name)
