"""Every page on an empty database: it can be built, shown, translated and read aloud; no fault, no Qt warning."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtWidgets import QApplication

from ksys_core.i18n import LANGUAGES, tr
from ksys_core.settings import Settings
from ksys_hmi import connection, display, theme
from ksys_hmi.pages import PAGES
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.main_window import MainWindow
from tests.gui.conftest import Run
from tests.gui.test_connection_loss import until
from tests.gui.test_main_window import unnamed_controls


@pytest.mark.parametrize("page_id", [page.id for page in PAGES])
def test_a_page(page_id: str, dsn: str, run: Run, qapp: QApplication) -> None:
    async def scenario() -> None:
        async with asyncio.TaskGroup() as group:
            runtime = Runtime(Settings(), group)
            faults: list[str] = []
            runtime.events.crashed.connect(faults.append)
            await connection.connect(runtime, Progress((connection.CONNECT,)), dsn)
            window = MainWindow(runtime, Progress(()), page_id)
            window.show()
            try:
                await window.show_banner()
                window.show_first_page()
                page = window.page
                assert page is window.pages[page_id]
                await until(lambda: page.loaded)
                for language in LANGUAGES:
                    display.switch_language(qapp, language)
                    assert unnamed_controls(window) == []
                    assert tr(window.specs[page_id].title) in window.windowTitle()
                display.switch_theme(qapp, "night")
                ground = window.grab().toImage().pixelColor(window.width() - 300, window.height() - 10)
                assert ground == theme.current().canvas
            finally:
                runtime.cancel_all()
                window.hide()
                window.deleteLater()
        await runtime.close_database(5)
        assert faults == []

    try:
        run(scenario())
    finally:
        tr.language = "en"
        display.switch_theme(qapp, "day")
