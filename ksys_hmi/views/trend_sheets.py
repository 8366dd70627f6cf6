"""Sheets of the trend: saved pen sets, and export."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ksys_core.i18n import tr
from ksys_hmi.presenters.trend import TrendPresenter
from ksys_hmi.widgets.item_list import ItemList
from ksys_hmi.widgets.overlay import Overlay


class PenSetSheet(Overlay):
    """Load, save and delete named sets of pens."""

    loaded = Signal(object)
    """Tag names of the chosen set."""

    def __init__(self, parent: QWidget, presenter: TrendPresenter) -> None:
        super().__init__(parent, 560, 480)
        self._presenter = presenter
        self.list = ItemList()
        self.name = QLineEdit()
        self.load_button, self.save_button, self.delete_button = QPushButton(), QPushButton(), QPushButton()
        row = QHBoxLayout()
        for button in (self.load_button, self.save_button, self.delete_button):
            row.addWidget(button)
        self.column.addWidget(self.list, 1)
        self.column.addWidget(self.name)
        self.column.addLayout(row)
        self.list.currentTextChanged.connect(self.name.setText)
        self.list.itemActivated.connect(lambda _item: self.load())
        self.name.returnPressed.connect(self.save)
        self.load_button.clicked.connect(self.load)
        self.save_button.clicked.connect(self.save)
        self.delete_button.clicked.connect(self.delete)
        self.retranslate()

    def retranslate(self) -> None:
        """Texts in the current language."""
        self.title.setText(tr("Pen sets"))
        self.list.setAccessibleName(tr("Pen sets"))
        self.name.setAccessibleName(tr("Name of the pen set"))
        self.name.setPlaceholderText(tr("Name of the pen set"))
        self.load_button.setText(tr("Load"))
        self.save_button.setText(tr("Save these pens"))
        self.delete_button.setText(tr("Delete"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def pop_up(self) -> None:
        self._fill()
        super().pop_up()
        (self.list if self.list.count() else self.name).setFocus(Qt.FocusReason.PopupFocusReason)

    def _fill(self) -> None:
        self.list.clear()
        self.list.addItems(self._presenter.pen_sets.names())
        self.list.setCurrentRow(0)

    def load(self) -> None:
        """Show the chosen set."""
        item = self.list.currentItem()
        if item is not None:
            self.dismiss()
            self.loaded.emit(self._presenter.pen_sets.tags(item.text()))

    def save(self) -> None:
        """Keep the present pens under the typed name."""
        name = self.name.text().strip()
        if name and self._presenter.tags():
            self._presenter.save_pens(name)
            self._fill()

    def delete(self) -> None:
        """Forget the chosen set."""
        item = self.list.currentItem()
        if item is not None:
            self._presenter.pen_sets.delete(item.text())
            self._fill()


class ExportSheet(Overlay):
    """What to export; the file is asked for next."""

    def __init__(self, parent: QWidget, choose: Callable[[bool], None]) -> None:
        super().__init__(parent, 640, 240)
        self.raw_button, self.drawn_button = QPushButton(), QPushButton()
        column = QVBoxLayout()
        for button, drawn in ((self.raw_button, False), (self.drawn_button, True)):
            button.clicked.connect(lambda _checked=False, drawn=drawn: self._choose(choose, drawn))
            column.addWidget(button)
        self.column.addLayout(column)
        self.retranslate()

    def _choose(self, choose: Callable[[bool], None], drawn: bool) -> None:
        self.dismiss()
        choose(drawn)

    def retranslate(self) -> None:
        """Texts in the current language."""
        self.title.setText(tr("Export the visible range as CSV"))
        self.raw_button.setText(tr("Every reading, with quality"))
        self.drawn_button.setText(tr("As drawn: mean, minimum, maximum, last, first, count"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def pop_up(self) -> None:
        super().pop_up()
        self.raw_button.setFocus(Qt.FocusReason.PopupFocusReason)
