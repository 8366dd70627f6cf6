"""Work done once after the first page is live, so that opening another page later doesn't hold the screen up."""

from __future__ import annotations

import asyncio
import importlib
from typing import Final

from ksys_core.i18n import LANGUAGES, Translator
from ksys_hmi.views.main_window import MainWindow

_WITHOUT_QT: Final = (
    "structlog",
    "pydantic",
    "ksys_core.forecasting.registry",
    "ksys_core.services.alarms_report_xlsx",
    "ksys_core.services.table_reading",
)
"""What takes long to import and makes no type of Qt."""


async def warm_up(window: MainWindow) -> None:
    """Import and build the pages one by one, letting events pass between.

    What makes types of Qt is imported in the GUI's thread: made in two threads at once they have crashed the program.
    """
    for language in LANGUAGES:
        await asyncio.to_thread(Translator(language), "Help")  # reads the catalogue
    for module in _WITHOUT_QT:
        await asyncio.to_thread(importlib.import_module, module)
    for spec in window.specs.values():
        importlib.import_module(spec.view.partition(":")[0])
        await asyncio.sleep(0)
        window.prepare(spec)
        await asyncio.sleep(0)
