"""What the frame's own actions do: menus, palette, keys, panes, language, theme."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from ksys_core.i18n import tr
from ksys_hmi import display, theme
from ksys_hmi.actions import ALARM, HELP, VIEW, WINDOW, ActionSpec
from ksys_hmi.alarm_words import evaluation_words
from ksys_hmi.dialogs import ask
from ksys_hmi.views.sound_dialog import SoundDialog
from ksys_hmi.widgets.overlay import Choice, Overlay, Palette, TextOverlay

if TYPE_CHECKING:
    from ksys_hmi.views.main_window import MainWindow


def _application() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app


class Commands(QObject):
    """Binds the frame's rows of the action table and owns the menus and overlays."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._table = window.actions_table
        self.palette = Palette(window)
        self.keys = TextOverlay(window)
        self._menus: dict[str, QMenu] = {}
        self._bind()
        for name in (VIEW, ALARM, HELP):
            self._menus[name] = window.menuBar().addMenu("")
            self._menus[name].aboutToShow.connect(lambda name=name: self._fill_menu(name))
        window.status.language.clicked.connect(self._table["view.language"].trigger)
        window.status.theme.clicked.connect(self._table["view.theme"].trigger)

    def _bind(self) -> None:
        window, bind = self._window, self._table.bind
        for page in window.specs.values():
            menu = HELP if page.id == "help" else VIEW
            self._table.add(ActionSpec(f"page.{page.id}", page.title, page.shortcut, WINDOW, menu, page.permission))
            bind(f"page.{page.id}", partial(window.runtime.open_page, page.id))
        bind("alarm.next", self.next_alarm)
        bind("alarm.silence", window.horn.silence)
        bind("alarm.sound", self.show_sound)
        bind("view.find_tag", self.find_tag)
        bind("view.next_pane", self.next_pane)
        bind("view.close", self.close_topmost)
        bind("view.palette", self.show_palette)
        bind("view.theme", lambda: self.switch_theme(display.other_theme()))
        bind("view.language", lambda: display.switch_language(_application(), display.other_language()))
        bind("view.full_screen", window.full_screen)
        bind("help.keys", self.show_keys)
        bind("window.quit", window.close)

    def retranslate(self) -> None:
        """Titles of the menus and the two switches."""
        for name, menu in self._menus.items():
            menu.setTitle(tr(name))
        self._label_switches()

    def _label_switches(self) -> None:
        status = self._window.status
        status.language.setText("English" if tr.language == "ko" else "한국어")
        status.theme.setText(tr("Night") if theme.current().name == "day" else tr("Day"))
        for button, action in ((status.language, "view.language"), (status.theme, "view.theme")):
            button.setAccessibleName(self._table[action].text())
            button.setToolTip(self._table[action].toolTip())

    def _fill_menu(self, name: str) -> None:
        menu = self._menus[name]
        menu.clear()
        for spec, action in self._table.bound():
            if spec.menu == name:
                menu.addAction(action)

    def switch_theme(self, name: theme.ThemeName) -> None:
        """Show a theme and relabel the switch."""
        display.switch_theme(_application(), name)
        self._label_switches()

    def next_alarm(self) -> None:
        """Show the next unacknowledged alarm of the list, one after the other."""
        state = self._window.banner_presenter.state
        if not state.loading and not state.newest:
            runtime = self._window.runtime
            why = evaluation_words(runtime.evaluation, runtime.zone)
            self._window.status.show_message(why or tr("No unacknowledged alarm"))
            return
        self._window.runtime.open_page("alarms", next_unacknowledged=True)

    def next_pane(self) -> None:
        """Move the focus to the next part of the window that can take it."""
        panes = self._window.keyboard_panes()
        focus: QWidget | None = self._window.focusWidget()
        here = next((n for n, pane in enumerate(panes) if focus is not None and pane.isAncestorOf(focus)), -1)
        for step in range(1, len(panes) + 1):
            target = _first_focusable(panes[(here + step) % len(panes)])
            if target is not None:
                target.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return

    def close_topmost(self) -> None:
        """Close the overlay that lies on top, and only that."""
        shown = [each for each in self._window.findChildren(Overlay) if each.isVisible()]
        if shown:
            shown[-1].dismiss()
        elif self._window.page is not None:
            self._window.page.close_topmost()

    def find_tag(self) -> None:
        """Type a part of a tag's name, description, unit or area; Enter shows its trend."""
        open_page = self._window.runtime.open_page
        choices = [
            Choice(
                f"{sensor.tag}   {tr.pick(dict(sensor.description))}   {sensor.area}",
                partial(open_page, "trend", tags=[sensor.tag]),
                keywords=f"{sensor.unit} {' '.join(sensor.description.values())}",
            )
            for sensor in sorted(self._window.runtime.sensors.values(), key=lambda each: each.tag)
        ]
        self.palette.pop_up_choices(tr("Find tag"), choices)

    def show_sound(self) -> None:
        """Device, horn, loudness and tones."""
        runtime, dialog = self._window.runtime, SoundDialog(self._window, self._window.horn)

        async def show() -> None:
            await ask(dialog)

        runtime.spawn(show(), "sound dialog")

    def show_palette(self) -> None:
        """Every action that is bound, by its name."""
        choices = [
            Choice(
                f"{action.text()}   {action.shortcut().toString()}",
                action.trigger,
                keywords=spec.text,
                enabled=action.isEnabled(),
            )
            for spec, action in self._table.bound()
            if not spec.id.startswith("view.close")
        ]
        self.palette.pop_up_choices(tr("Command palette"), choices)

    def show_keys(self) -> None:
        """The keys that work in the window and on the page that is shown."""
        page_id = next((key for key, page in self._window.pages.items() if page is self._window.page), "")
        rows = [
            f"<tr><td><b>{escape(action.shortcut().toString(QKeySequence.SequenceFormat.NativeText))}</b></td>"
            f"<td>&nbsp;&nbsp;{escape(action.text())}</td></tr>"
            for spec, action in self._table.bound()
            if spec.shortcut and spec.scope in (WINDOW, page_id)
        ]
        half = (len(rows) + 1) // 2
        columns = "".join(f"<td width='50%'><table>{''.join(part)}</table></td>" for part in (rows[:half], rows[half:]))
        self.keys.pop_up_text(tr("Keys"), f"<table width='100%'><tr>{columns}</tr></table>")


def _first_focusable(pane: QWidget) -> QWidget | None:
    for widget in pane.findChildren(QWidget):
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return widget
    return None
