"""Shows a theme on the application: palette, style sheet for the standard controls, font."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from ksys_hmi import fonts, theme
from ksys_hmi.theme import Theme, ThemeName


def apply(app: QApplication, name: ThemeName) -> None:
    """Switch the whole application to theme `name`; widgets get ``QEvent.PaletteChange``."""
    tokens = theme.use(name)
    if app.font() != fonts.label():
        app.setFont(fonts.label())
    app.setStyleSheet("")  # a palette set under a style sheet polishes every widget twice: 160 ms instead of 45
    app.setPalette(_palette(tokens))
    app.setStyleSheet(_style_sheet(tokens))


def _palette(tokens: Theme) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for each, colour in (
        (role.Window, tokens.panel),
        (role.WindowText, tokens.text),
        (role.Base, tokens.control),
        (role.AlternateBase, tokens.panel),
        (role.Text, tokens.text),
        (role.Button, tokens.control),
        (role.ButtonText, tokens.text),
        (role.PlaceholderText, tokens.text2),
        (role.Highlight, tokens.selection),
        (role.HighlightedText, tokens.text),
        (role.ToolTipBase, tokens.control),
        (role.ToolTipText, tokens.text),
        (role.Link, tokens.focus),
        (role.Mid, tokens.border),
        (role.Accent, tokens.focus),
    ):
        palette.setColor(each, colour)
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, tokens.disabled)
    return palette


def _name(colour: QColor) -> str:
    return colour.name()


def _style_sheet(tokens: Theme) -> str:
    text, border, control, panel = map(_name, (tokens.text, tokens.border, tokens.control, tokens.panel))
    focus, selection, disabled, grid = map(_name, (tokens.focus, tokens.selection, tokens.disabled, tokens.grid))
    return f"""
QMainWindow, QWidget#canvas {{ background: {tokens.canvas.name()}; }}
QPushButton, QToolButton, QComboBox, QLineEdit, QAbstractSpinBox {{
  background: {control}; color: {text}; border: 1px solid {border}; border-radius: 3px;
  padding: 3px 10px; min-height: {fonts.px(24)}px; }}
QToolButton {{ padding: 3px 6px; }}
QPushButton:pressed, QToolButton:pressed, QPushButton:checked, QToolButton:checked {{ background: {selection}; }}
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled, QLineEdit:disabled {{
  color: {disabled}; border-color: {grid}; }}
QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QAbstractSpinBox:focus,
QAbstractItemView:focus, QTextBrowser:focus {{ border: 2px solid {focus}; }}
QPushButton:focus, QComboBox:focus, QLineEdit:focus, QAbstractSpinBox:focus {{ padding: 2px 9px; }}
QToolButton:focus {{ padding: 2px 5px; }}
QAbstractItemView {{ background: {control}; alternate-background-color: {panel}; color: {text};
  border: 1px solid {border}; gridline-color: {grid}; selection-background-color: {selection};
  selection-color: {text}; }}
QAbstractItemView::item {{ min-height: {fonts.px(28)}px; }}
QListView::item:disabled {{ color: {disabled}; }}
QTableView::item {{ padding: 0 {fonts.px(8)}px; }}
QHeaderView::section {{ background: {panel}; color: {_name(tokens.text2)}; border: 0;
  border-bottom: 1px solid {border}; border-right: 1px solid {grid}; padding: 3px {fonts.px(8)}px; }}
QCheckBox::indicator {{ width: {fonts.px(16)}px; height: {fonts.px(16)}px; border: 2px solid {border};
  background: {control}; }}
QCheckBox::indicator:checked {{ background: {text}; border-color: {text}; }}
QListView::indicator {{ width: {fonts.px(14)}px; height: {fonts.px(14)}px; border: 2px solid {border};
  background: {control}; }}
QListView::indicator:checked {{ background: {text}; border-color: {text}; }}
QCheckBox:focus {{ outline: none; }}
QCheckBox::indicator:focus {{ border-color: {focus}; }}
QMenuBar, QMenu {{ background: {panel}; color: {text}; }}
QMenu {{ border: 1px solid {border}; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {selection}; }}
QMenu::item:disabled {{ color: {disabled}; }}
QProgressBar {{ background: {control}; border: 1px solid {border}; text-align: center; color: {text};
  min-height: {fonts.px(20)}px; }}
QProgressBar::chunk {{ background: {_name(tokens.normal_band)}; }}
QToolTip {{ background: {control}; color: {text}; border: 1px solid {border}; padding: 4px; }}
QTextBrowser {{ background: {control}; color: {text}; border: 1px solid {border}; padding: 8px; }}
"""
