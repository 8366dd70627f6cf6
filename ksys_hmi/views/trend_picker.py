"""Sheets of the trend: choosing tags, and entering a range of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QWidget,
)

from ksys_core.domain.tags import Sensor
from ksys_core.i18n import tr
from ksys_hmi.models.tag_list import TAG_ROLE, TagListModel
from ksys_hmi.widgets.overlay import Overlay


class TagPicker(Overlay):
    """Type a part of a tag, description, unit or area; Enter adds what is chosen and leaves the sheet open."""

    chosen = Signal(object)
    """List of tag names."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, 900, 620)
        self.model = TagListModel()
        self.field = QLineEdit()
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setDragEnabled(True)
        self.list.setUniformItemSizes(True)
        self.add_button, self.close_button = QPushButton(), QPushButton()
        self.hint = QLabel()
        buttons = QHBoxLayout()
        buttons.addWidget(self.hint, 1)
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.close_button)
        self.column.addWidget(self.field)
        self.column.addWidget(self.list, 1)
        self.column.addLayout(buttons)
        self.field.textChanged.connect(self._search)
        self.field.returnPressed.connect(self.add)
        self.field.installEventFilter(self)
        self.list.activated.connect(lambda _index: self.add())
        self.add_button.clicked.connect(self.add)
        self.close_button.clicked.connect(self.dismiss)
        self.retranslate()

    def retranslate(self) -> None:
        """Texts in the current language."""
        self.title.setText(tr("Add tags to the trend"))
        self.field.setPlaceholderText(tr("Part of a tag, description, unit or area"))
        self.field.setAccessibleName(tr("Find tag"))
        self.list.setAccessibleName(tr("Tags"))
        self.add_button.setText(tr("Add"))
        self.close_button.setText(tr("Close"))
        self.hint.setText(tr("Enter adds, Esc closes; tags can also be dragged"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def pop_up_tags(self, sensors: Iterable[Sensor], shown: Iterable[str]) -> None:
        """Show the sheet over all `sensors`; those that are `shown` already are marked."""
        self.model.set_sensors(sensors)
        self.model.set_shown(shown)
        self.field.clear()
        self._search("")
        self.pop_up()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def add(self) -> None:
        """Hand over what is selected."""
        tags = [index.data(TAG_ROLE) for index in self.list.selectedIndexes()]
        if tags:
            self.chosen.emit(tags)
            self.field.selectAll()

    def _search(self, typed: str) -> None:
        self.model.search(typed)
        if self.model.rowCount():
            self.list.setCurrentIndex(self.model.index(0))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrows move in the list while one types."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
        ):
            self.list.event(event)
            return True
        return super().eventFilter(watched, event)


class RangeEntry(Overlay):
    """Start and end of the visible time in the plant's zone; says what is wrong with them beside the fields."""

    def __init__(self, parent: QWidget, enter: Callable[[str, str], str]) -> None:
        super().__init__(parent, 560, 300)
        self._enter = enter
        self.start, self.stop = QLineEdit(), QLineEdit()
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.show_button, self.close_button = QPushButton(), QPushButton()
        self._form = QFormLayout()
        self._labels = (QLabel(), QLabel())
        for label, field in zip(self._labels, (self.start, self.stop), strict=True):
            label.setBuddy(field)
            self._form.addRow(label, field)
            field.returnPressed.connect(self.submit)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.show_button)
        buttons.addWidget(self.close_button)
        self.column.addLayout(self._form)
        self.column.addWidget(self.problem)
        self.column.addStretch(1)
        self.column.addLayout(buttons)
        self.show_button.clicked.connect(self.submit)
        self.close_button.clicked.connect(self.dismiss)
        self._zone = ""
        self.retranslate()

    def retranslate(self) -> None:
        """Texts in the current language."""
        self.title.setText(tr("Range of time ({zone})", zone=self._zone))
        for label, field, text in zip(self._labels, (self.start, self.stop), (tr("Start"), tr("End")), strict=True):
            label.setText(text)
            field.setAccessibleName(text)
        self.show_button.setText(tr("Show"))
        self.close_button.setText(tr("Close"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def pop_up_range(self, start: str, stop: str, zone: str) -> None:
        """Show the sheet with the present range."""
        self._zone = zone
        self.retranslate()
        self.start.setText(start)
        self.stop.setText(stop)
        self.problem.clear()
        self.pop_up()
        self.start.setFocus(Qt.FocusReason.PopupFocusReason)
        self.start.selectAll()

    def submit(self) -> None:
        """Show the range, or what is wrong with it."""
        wrong = self._enter(self.start.text(), self.stop.text())
        self.problem.setText(f"▲ {wrong}" if wrong else "")
        if not wrong:
            self.dismiss()
