"""Switching language and theme of the whole application while it runs."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QWidget

from ksys_core.i18n import Language, tr
from ksys_hmi import style, theme
from ksys_hmi.theme import ThemeName


def switch_language(app: QApplication, language: Language) -> None:
    """Translate everything on the screen: each widget gets ``QEvent.LanguageChange``, parents before children."""
    tr.language = language
    for window in app.topLevelWidgets():
        app.sendEvent(window, QEvent(QEvent.Type.LanguageChange))
        for widget in window.findChildren(QWidget):
            app.sendEvent(widget, QEvent(QEvent.Type.LanguageChange))


def other_language() -> Language:
    """The language to switch to."""
    return "en" if tr.language == "ko" else "ko"


def switch_theme(app: QApplication, name: ThemeName) -> None:
    """Show theme `name`; each widget gets ``QEvent.PaletteChange``."""
    style.apply(app, name)


def other_theme() -> ThemeName:
    """The theme to switch to."""
    return "night" if theme.current().name == "day" else "day"
