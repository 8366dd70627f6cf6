"""Overlays over the page: the keys (`?`) and the palette (find a tag, run an action). Esc closes the topmost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidgetItem, QVBoxLayout, QWidget

from ksys_core.i18n import tr
from ksys_hmi import fonts, theme
from ksys_hmi.widgets.item_list import ItemList

_MOST_SHOWN = 200
_ROW_PX = 30


class Overlay(QWidget):
    """A framed sheet in the middle of its parent; the focus returns to where it was when it closes."""

    def __init__(self, parent: QWidget, width: int, height: int) -> None:
        super().__init__(parent)
        self._home = parent
        self._size = (width, height)
        self._focus_before: QWidget | None = None
        self.title = QLabel()
        self.title.setFont(fonts.value(bold=True))
        self.column = QVBoxLayout(self)
        margin = fonts.px(18)
        self.column.setContentsMargins(margin, margin, margin, margin)
        self.column.addWidget(self.title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hide()

    def wanted_size(self) -> QSize:
        """How large the sheet should be where there is room."""
        return QSize(fonts.px(self._size[0]), fonts.px(self._size[1]))

    def pop_up(self) -> None:
        room = self._home.size()
        wanted = self.wanted_size()
        width, height = min(wanted.width(), room.width()), min(wanted.height(), room.height())
        self.setGeometry((room.width() - width) // 2, (room.height() - height) // 3, width, height)
        self._focus_before = self.window().focusWidget()
        self.raise_()
        self.show()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def dismiss(self) -> None:
        self.hide()
        if self._focus_before is not None:
            self._focus_before.setFocus(Qt.FocusReason.PopupFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().panel)
        painter.setPen(QPen(theme.current().text, 2))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()


class TextOverlay(Overlay):
    """A sheet of text, such as the keys that work here."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, 900, 760)
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.column.addWidget(self._text, 1)

    def wanted_size(self) -> QSize:
        return QSize(super().wanted_size().width(), self.column.sizeHint().height())

    def pop_up_text(self, title: str, html: str) -> None:
        self.title.setText(title)
        self._text.setText(html)
        self._text.setAccessibleName(title)
        self.pop_up()


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a palette: what it says, what may be typed for it, what it does."""

    text: str
    run: Callable[[], object]
    keywords: str = ""
    enabled: bool = True


class Palette(Overlay):
    """Type a part of a name, choose with the arrows, Enter runs it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, 760, 560)
        self._choices: list[Choice] = []
        self.field = QLineEdit()
        self.list = ItemList()
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.field.returnPressed.connect(self._run_current)
        self.list.itemActivated.connect(lambda _item: self._run_current())
        self.column.addWidget(self.field)
        self.column.addWidget(self.list, 1)
        self._name(tr("Command palette"))

    def pop_up_choices(self, title: str, choices: list[Choice]) -> None:
        self._name(title)
        self._choices = choices
        self.field.clear()
        self._filter("")
        self.pop_up()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def _name(self, title: str) -> None:
        self.title.setText(title)
        self.field.setAccessibleName(title)
        self.field.setPlaceholderText(title)
        self.list.setAccessibleName(title)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        ):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
            return True
        return super().eventFilter(watched, event)

    def _filter(self, typed: str) -> None:
        words = typed.casefold().split()
        self.list.clear()
        for position, choice in enumerate(self._choices):
            haystack = f"{choice.text} {choice.keywords}".casefold()
            if self.list.count() < _MOST_SHOWN and all(word in haystack for word in words):
                item = QListWidgetItem(choice.text)
                item.setData(Qt.ItemDataRole.UserRole, position)
                item.setSizeHint(QSize(0, fonts.px(_ROW_PX)))
                if not choice.enabled:
                    item.setFlags(Qt.ItemFlag.NoItemFlags)
                self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _run_current(self) -> None:
        item = self.list.currentItem()
        if not self.list.selectedItems() or item.flags() == Qt.ItemFlag.NoItemFlags:
            return
        choice = self._choices[item.data(Qt.ItemDataRole.UserRole)]
        self.dismiss()
        choice.run()
