"""What of an alarm list is shown: text, priorities, state and area, and filters saved by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QSignalBlocker, QStringListModel, Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QWidget

from ksys_core.areas import area_title
from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.models.alarm_filter import EVERYTHING, PRIORITIES, STATE_GROUPS, AlarmFilter


class FilterBar(QWidget):
    """Shows a filter and changes it."""

    filter_changed = Signal(object)
    """`AlarmFilter`"""
    save_wanted = Signal()
    delete_wanted = Signal(str)
    """Name of a saved filter."""

    def __init__(self, *, with_states: bool) -> None:
        super().__init__()
        self._saved: Mapping[str, AlarmFilter] = {}
        self._areas: dict[str, str] = {}
        """Path by title."""
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(fonts.px(200))
        self.priorities = {n: QToolButton() for n in PRIORITIES}
        self.state = QComboBox()
        self.state.setVisible(with_states)
        for key in STATE_GROUPS:
            self.state.addItem("", key)
        self.area = QLineEdit()
        self.area.setClearButtonEnabled(True)
        self.area.setMaximumWidth(fonts.px(200))
        self._titles = QStringListModel(self)
        completer = QCompleter(self._titles, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.area.setCompleter(completer)
        self.saved = QToolButton()
        self._menu = QMenu(self)
        self.saved.clicked.connect(self.open_saved)
        self.counts = QLabel()
        self._lay_out()
        self.search.textChanged.connect(self._tell)
        self.state.currentIndexChanged.connect(self._tell)
        self.area.returnPressed.connect(self._take_area)
        completer.activated.connect(lambda _title: self._tell())
        self.area.textChanged.connect(lambda text: None if text else self._tell())

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.search, 1)
        for n, button in self.priorities.items():
            button.setCheckable(True)
            button.setText(f"P{n}")
            button.toggled.connect(self._tell)
            row.addWidget(button)
        for widget in (self.state, self.area, self.saved):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.counts)

    @property
    def wanted(self) -> AlarmFilter:
        """The filter as it is set."""
        text = self.area.text().strip()
        return AlarmFilter(
            text=self.search.text().strip(),
            priorities=frozenset(n for n, button in self.priorities.items() if button.isChecked()),
            area=self._areas.get(text, text),
            state=self.state.currentData(),
        )

    def show_filter(self, wanted: AlarmFilter) -> None:
        """Set every part of the filter, and tell once."""
        blocked = [QSignalBlocker(each) for each in (self.search, self.state, self.area, *self.priorities.values())]
        self.search.setText(wanted.text)
        self.state.setCurrentIndex(max(self.state.findData(wanted.state), 0))
        self.area.setText(area_title(wanted.area))
        for n, button in self.priorities.items():
            button.setChecked(n in wanted.priorities)
        del blocked
        self._tell()

    def clear(self) -> None:
        """Show everything."""
        self.show_filter(EVERYTHING)

    def show_areas(self, paths: Sequence[str]) -> None:
        """Areas that may be chosen."""
        self._areas = {area_title(path): path for path in paths}
        self._titles.setStringList(list(self._areas))

    def show_saved(self, saved: Mapping[str, AlarmFilter]) -> None:
        """Filters that may be chosen by name."""
        self._saved = saved

    def open_saved(self) -> None:
        """Let the person choose a saved filter."""
        self._fill_menu()
        self._menu.popup(self.saved.mapToGlobal(self.saved.rect().bottomLeft()))

    def name_of(self, wanted: AlarmFilter) -> str:
        """Name under which this filter is saved, or empty."""
        return next((name for name, each in self._saved.items() if each == wanted), "")

    def retranslate(self, areas: Iterable[str]) -> None:
        path = self.wanted.area
        self.show_areas(list(areas))
        with QSignalBlocker(self.area):
            self.area.setText(area_title(path))
        self.search.setPlaceholderText(tr("Filter by tag, text or area"))
        self.search.setAccessibleName(tr("Filter"))
        self.area.setPlaceholderText(tr("Area"))
        self.area.setAccessibleName(tr("Only this area"))
        self.area.setToolTip(tr("Only this area"))
        self.state.setAccessibleName(tr("Only alarms in this state"))
        self.state.setToolTip(tr("Only alarms in this state"))
        for n, button in self.priorities.items():
            button.setAccessibleName(tr("Only priority {n}", n=n))
            button.setToolTip(button.accessibleName())
        with QSignalBlocker(self.state):
            for i, (name, _states) in enumerate(STATE_GROUPS.values()):
                self.state.setItemText(i, tr(name))
        self.saved.setText(tr("Saved filters") + " ▾")
        self.saved.setAccessibleName(tr("Saved filters"))

    def _take_area(self) -> None:
        """Enter in the area's field: the first area that matches what was typed."""
        typed = self.area.text().strip().casefold()
        match = next((title for title in self._areas if typed in title.casefold()), None) if typed else None
        if match is not None:
            self.area.setText(match)
        self._tell()

    def _tell(self, *_args: object) -> None:
        self.filter_changed.emit(self.wanted)

    def _fill_menu(self) -> None:
        self._menu.clear()
        for name, wanted in self._saved.items():
            action = self._menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(wanted == self.wanted)
            action.triggered.connect(partial(self._choose, wanted))
        if not self._saved:
            self._menu.addAction(tr("No filter is saved yet")).setEnabled(False)
        self._menu.addSeparator()
        self._menu.addAction(tr("Show everything")).triggered.connect(lambda _checked=False: self.clear())
        self._menu.addAction(tr("Save the filter …")).triggered.connect(lambda _checked=False: self.save_wanted.emit())
        present = self.name_of(self.wanted)
        if present:
            delete = self._menu.addAction(tr("Delete the filter “{name}”", name=present))
            delete.triggered.connect(lambda _checked=False: self.delete_wanted.emit(present))

    def _choose(self, wanted: AlarmFilter, _checked: bool = False) -> None:
        self.show_filter(wanted)
