"""The main window: banner above, navigation left, the page in the middle, status line below."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.actions import Actions
from ksys_hmi.alarm_words import loss_words
from ksys_hmi.formats import format_clock
from ksys_hmi.pages import PageSpec, pages_for
from ksys_hmi.presenters.banner import BannerAlarm, BannerPresenter, BannerState
from ksys_hmi.presenters.horn import DEVICE_WORDS, HornPresenter, HornState
from ksys_hmi.presenters.status import StatusPresenter, StatusState
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import ConnectionState, Evaluation, PageRequest, Runtime
from ksys_hmi.views.commands import Commands
from ksys_hmi.views.page import Page
from ksys_hmi.views.start_up import StartUpView
from ksys_hmi.widgets.banner import AlarmBanner
from ksys_hmi.widgets.navigation import Navigation
from ksys_hmi.widgets.status_line import StatusLine
from ksys_hmi.widgets.strip import Strip
from ksys_hmi.widgets.watermark import Watermark

ORIGIN_MARKS = {"simulator": N_("SIMULATION"), "replay": N_("REPLAY")}

_BANNER_S = 2.0
"""The page doesn't wait longer than this for the banner's first state."""


class MainWindow(QMainWindow):
    """The frame around the pages. Until the first connection it shows the steps of the start instead of a page."""

    def __init__(self, runtime: Runtime, progress: Progress, first_page: str) -> None:
        super().__init__()
        self.runtime = runtime
        self.pages: dict[str, Page[Any]] = {}
        self.specs = {page.id: page for page in pages_for(runtime.settings)}
        self._wanted = PageRequest(first_page)
        self._opened: set[str] = set()
        self.actions_table = Actions(runtime, self)
        self.banner = AlarmBanner(runtime.zone)
        self.navigation = Navigation(self.specs.values())
        self.status = StatusLine(runtime)
        self.stack = QStackedWidget()
        self.start_up = StartUpView(progress)
        self.stack.addWidget(self.start_up)
        self.watermark = Watermark(self.stack)
        self.lost, self.unwatched, self.silent = Strip(loss=True), Strip(loss=True), Strip(loss=True)
        self.crash, self.hint = Strip(), Strip()
        self._crash_close = self.crash.add_button(lambda: self.crash.show_text(""))
        self.banner_presenter = BannerPresenter(runtime)
        self.status_presenter = StatusPresenter(runtime)
        self.horn = HornPresenter(runtime)
        self._lay_out()
        self._connect()
        self.commands = Commands(self)
        self.retranslate()

    def _lay_out(self) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.navigation)
        middle.addWidget(self.stack, 1)
        canvas = QWidget()
        canvas.setObjectName("canvas")
        column = QVBoxLayout(canvas)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for strip in (self.banner, self.lost, self.unwatched, self.silent, self.crash, self.hint):
            column.addWidget(strip)
        column.addLayout(middle, 1)
        column.addWidget(self.status)
        self.setCentralWidget(canvas)
        self.resize(1920, 1080)

    def _connect(self) -> None:
        events = self.runtime.events
        events.page_requested.connect(self._open)
        events.connection_changed.connect(self._on_connection)
        events.evaluation_changed.connect(self._on_evaluation)
        events.changed.connect(self._on_changed)
        events.message.connect(self.status.show_message)
        events.crashed.connect(self._on_crash)
        self.banner_presenter.changed.connect(self._on_banner)
        self.banner_presenter.changed.connect(self.horn.show_alarms)
        self.horn.changed.connect(self._on_horn)
        self.status_presenter.changed.connect(self._on_status)
        self.banner.alarm_chosen.connect(self.open_alarm)
        self.banner.priority_chosen.connect(lambda n: self.runtime.open_page("alarms", priority=n))
        self.banner.notice_chosen.connect(lambda: self.runtime.open_page("alarms"))
        self.navigation.page_chosen.connect(self.runtime.open_page)
        self.navigation.area_chosen.connect(lambda area: self.runtime.open_page("dashboard", area=area))

    @property
    def page(self) -> Page[Any] | None:
        """The page that is shown, or None during the start."""
        shown = self.stack.currentWidget()
        return shown if isinstance(shown, Page) else None

    def open_alarm(self, alarm: BannerAlarm) -> None:
        """Show an alarm where it can be acknowledged."""
        self.runtime.open_page("alarms", alarm_id=alarm.alarm_id)

    async def show_banner(self) -> None:
        """The first connection is there: show banner and status line, and keep them fresh from now on."""
        live = asyncio.Event()
        self.banner_presenter.changed.connect(lambda _state: live.set())
        self.banner_presenter.start()
        self.status_presenter.start()
        self._show_origin()
        with suppress(TimeoutError):
            async with asyncio.timeout(_BANNER_S):
                await live.wait()
        self.banner.repaint()

    def show_first_page(self) -> None:
        """Show the page that was wanted meanwhile."""
        self._open(self._wanted)

    def _open(self, request: PageRequest) -> None:
        spec = self.specs.get(request.page_id)
        if spec is None:
            return
        if spec.needs_database and not self.runtime.connection.ever:
            self._wanted = request
            return
        page = self.pages.get(spec.id) or self._make(spec)
        page.open(**(request.params or ({} if spec.id in self._opened else self.runtime.opening.get(spec.id, {}))))
        self._opened.add(spec.id)
        self.stack.setCurrentWidget(page)
        self.navigation.show_current(spec.id)
        self.watermark.raise_()
        self._retitle(spec)

    def prepare(self, spec: PageSpec) -> None:
        """Build a page ahead of its first showing."""
        if spec.id not in self.pages:
            self._make(spec)

    def _make(self, spec: PageSpec) -> Page[Any]:
        page = spec.make(self.runtime)
        page.setAccessibleName(tr(spec.title))
        page.bind_actions(self.actions_table)
        self.pages[spec.id] = page
        self.stack.addWidget(page)
        return page

    def _retitle(self, spec: PageSpec | None = None) -> None:
        spec = spec or next((self.specs[key] for key, page in self.pages.items() if page is self.page), None)
        self.setWindowTitle(f"{tr(spec.title)} - KSys" if spec else "KSys")

    def _on_banner(self, state: BannerState) -> None:
        self.banner.show_state(state)
        self.navigation.areas.show_areas(state.areas, state.roll_ups)

    def _on_status(self, state: StatusState) -> None:
        self.status.show_state(state)

    def _on_horn(self, state: HornState) -> None:
        why = tr(DEVICE_WORDS[state.device])
        self.silent.show_text(tr("NO SOUND: {why}. Watch the banner.", why=why) if state.unheard else "")

    def _on_changed(self, kind: str, _ids: object) -> None:
        if kind in ("sensors", "resync"):
            self._show_origin()

    def _show_origin(self) -> None:
        origins = {sensor.origin for sensor in self.runtime.sensors.values() if sensor.enabled}
        self.watermark.show_text("  ".join(tr(text) for origin, text in ORIGIN_MARKS.items() if origin in origins))

    def _on_connection(self, state: ConnectionState) -> None:
        self.lost.show_text(self._lost_text(state))

    def _on_evaluation(self, evaluation: Evaluation) -> None:
        self.unwatched.show_text(loss_words(evaluation, self.runtime.zone))
        self.banner.show_evaluation(evaluation)

    def _lost_text(self, state: ConnectionState) -> str:
        if state.stale_since is None:
            return ""
        return tr("DATABASE LOST {time}, view frozen", time=format_clock(state.stale_since, self.runtime.zone))

    def _on_crash(self, what: str) -> None:
        self.crash.show_text(tr("A fault in the program was logged: {what}", what=what))

    def retranslate(self) -> None:
        self.actions_table.retranslate()
        self._crash_close.setText(tr("Close"))
        self.hint.show_text("" if fonts.has_hangul() else tr("No Korean font is installed (package fonts-nanum)."))
        self.lost.show_text(self._lost_text(self.runtime.connection))
        self._on_evaluation(self.runtime.evaluation)
        self._on_horn(self.horn.state)
        for key, page in self.pages.items():
            page.setAccessibleName(tr(self.specs[key].title))
        self._show_origin()
        self._retitle()
        self.commands.retranslate()
        self.banner_presenter.refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The program ends in its own order; the window only asks for it."""
        event.ignore()
        self.runtime.events.quit_requested.emit()

    def keyboard_panes(self) -> tuple[QWidget, ...]:
        """Where F6 goes, in reading order."""
        return (self.banner, self.navigation, self.stack, self.status)

    def full_screen(self) -> None:
        """Switch between full screen and a window."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
