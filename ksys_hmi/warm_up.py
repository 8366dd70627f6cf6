"""Work done once after the first page is live, so that opening another page later doesn't hold the screen up."""

from __future__ import annotations

import asyncio
import importlib

from ksys_core.i18n import LANGUAGES, Translator
from ksys_hmi.views.main_window import MainWindow


async def warm_up(window: MainWindow) -> None:
    """Import and build the pages one by one, letting events pass between.

    The imports stay in the GUI's thread: types of Qt that are made in two threads at once have crashed the program.
    """
    for language in LANGUAGES:
        await asyncio.to_thread(Translator(language), "Help")  # reads the catalogue
    for spec in window.specs.values():
        importlib.import_module(spec.view.partition(":")[0])
        await asyncio.sleep(0)
        window.prepare(spec)
        await asyncio.sleep(0)
