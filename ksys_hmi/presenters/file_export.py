"""Writing a file beside everything else: one at a time, with progress, cancelled without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtCore import QObject, Signal

from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.i18n import N_, tr
from ksys_hmi.runtime import Runtime


@dataclass(frozen=True, slots=True)
class ExportState:
    """`share` (0 to 1) while it runs, else None; `message` is the outcome of the last one."""

    share: float | None = None
    message: str = ""


class FileExport(QObject):
    """Base of the exports. The texts say what runs, that it was cancelled, and why it has failed."""

    changed = Signal(object)
    running: ClassVar[str] = N_("Exporting…")
    cancelled: ClassVar[str] = N_("Export cancelled")
    failed: ClassVar[str] = N_("Export failed: {reason}")

    def __init__(self, runtime: Runtime, parent: QObject) -> None:
        super().__init__(parent)
        self._runtime = runtime
        self._task: asyncio.Task[None] | None = None
        self.state = ExportState()

    def begin(self, work: Coroutine[Any, Any, str]) -> None:
        """Run `work`, which writes the file and gives the outcome; nothing happens while another runs."""
        if self._task is not None:
            work.close()
            return
        self.show_share(0.0)
        self._task = self._runtime.spawn(self._run(work), "export")
        self._task.add_done_callback(lambda _task: work.close())  # cancelled before its first step, it was never begun

    def cancel(self) -> None:
        """Stop; no file is left."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._show(ExportState(None, tr(self.cancelled)))

    def show_share(self, share: float) -> None:
        """How much is done, 0 to 1."""
        self._show(ExportState(share))

    async def _run(self, work: Coroutine[Any, Any, str]) -> None:
        try:
            outcome = await work
        except (KnownError, DatabaseDownError) as error:
            outcome = tr(self.failed, reason=str(error))
        self._task = None
        self._show(ExportState(None, outcome))

    def _show(self, state: ExportState) -> None:
        self.state = state
        self.changed.emit(state)


class FileImport(FileExport):
    """Reading a file in the same manner."""

    running = N_("Reading the file…")
    cancelled = N_("Import cancelled")
    failed = N_("Import failed: {reason}")
