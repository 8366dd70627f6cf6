"""The dialog that makes a training request: tags, algorithms, grid, and what the data allow while one chooses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.presenters.training_request import Choice
from ksys_hmi.widgets.item_list import ItemList

INTERVALS: Final = ((N_("1 minute"), 60), (N_("5 minutes"), 300), (N_("10 minutes"), 600), (N_("15 minutes"), 900),
                    (N_("30 minutes"), 1800), (N_("1 hour"), 3600))  # fmt: skip
LOOK_MS: Final = 400
_DEFAULT: Final = "ridge"


class TrainingDialog(QDialog):
    """`wanted` is emitted a moment after the last change; the lines that answer it come by `show_prospects`."""

    wanted = Signal(object)
    """`Choice`"""

    def __init__(
        self, parent: QWidget, tags: Iterable[str], chosen: Sequence[str], algorithms: Sequence[tuple[str, str]]
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Train models"))
        self.search, self.tags, self.algorithms = QLineEdit(), ItemList(), ItemList()
        self.interval, self.season = QComboBox(), QSpinBox()
        self.horizon, self.days = QSpinBox(), QSpinBox()
        self.gate = QCheckBox(tr("What passes the gate goes into shadow (or in charge where nothing is)"))
        self.prospect, self.reach, self.together = QLabel(), QLabel(), QLabel()
        for group in (self.tags, self.algorithms):
            group.setUniformItemSizes(True)
        for tag in sorted(tags):
            _checkable(self.tags, tag, tag, tag in chosen)
        for name, title in algorithms:
            _checkable(self.algorithms, name, tr(title), name == _DEFAULT)
        self._timer = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._fill()
        self._lay_out()
        self._connect()
        self._changed()

    def choice(self) -> Choice:
        """What stands there now."""
        return Choice(
            tags=_checked(self.tags),
            algorithms=_checked(self.algorithms),
            interval_s=self.interval.currentData(),
            horizon=self.horizon.value(),
            season=self.season.value() or None,
            history_days=self.days.value(),
            gate=self.gate.isChecked(),
        )

    def show_prospects(self, lines: Sequence[str]) -> None:
        """What the data allow, a line a tag."""
        self.prospect.setText("\n".join(lines))

    def _fill(self) -> None:
        for text, seconds in INTERVALS:
            self.interval.addItem(tr(text), seconds)
        self.interval.setCurrentIndex(1)
        self.horizon.setRange(1, 10_000)
        self.horizon.setValue(36)
        self.season.setRange(0, 100_000)
        self.season.setSpecialValueText(tr("from the data"))
        self.days.setRange(1, 3660)
        self.days.setValue(30)
        self.days.setSuffix(" " + tr("days"))
        self.gate.setChecked(True)
        self.search.setPlaceholderText(tr("Find tag"))
        for label in (self.prospect, self.together):
            label.setWordWrap(True)
        self.prospect.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.prospect.setMinimumHeight(fonts.px(120))
        names: dict[QWidget, str] = {
            self.search: tr("Find tag"),
            self.tags: tr("Tags"),
            self.algorithms: tr("Algorithms"),
            self.interval: tr("Interval"),
            self.horizon: tr("Horizon in steps"),
            self.season: tr("Season in steps (1: none)"),
            self.days: tr("History at most"),
        }
        for widget, name in names.items():
            widget.setAccessibleName(name)

    def _lay_out(self) -> None:
        left, middle, form = QVBoxLayout(), QVBoxLayout(), QFormLayout()
        left.addWidget(QLabel(tr("Tags")))
        left.addWidget(self.search)
        left.addWidget(self.tags)
        middle.addWidget(QLabel(tr("Algorithms")))
        middle.addWidget(self.algorithms)
        middle.addWidget(self.together)
        for field in (self.interval, self.horizon, self.season, self.days):
            form.addRow(field.accessibleName(), field)
        form.addRow(self.reach)
        top = QHBoxLayout()
        top.addLayout(left, 3)
        top.addLayout(middle, 3)
        top.addLayout(form, 4)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("Train"))
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        whole = QVBoxLayout(self)
        whole.addLayout(top, 1)
        whole.addWidget(self.gate)
        whole.addWidget(QLabel(tr("With the data at hand:")))
        whole.addWidget(self.prospect)
        whole.addWidget(self.buttons)
        self.resize(fonts.px(980), fonts.px(620))

    def _connect(self) -> None:
        self.search.textChanged.connect(self._filter)
        for group in (self.tags, self.algorithms):
            group.itemChanged.connect(lambda _item: self._changed())
        self.interval.currentIndexChanged.connect(lambda _index: self._changed())
        for number in (self.horizon, self.season, self.days):
            number.valueChanged.connect(lambda _value: self._changed())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _filter(self, typed: str) -> None:
        for i in range(self.tags.count()):
            item = self.tags.item(i)
            item.setHidden(typed.casefold() not in item.text().casefold())

    def _changed(self) -> None:
        choice = self.choice()
        self.reach.setText(choice.reach_text())
        self.together.setText(choice.together_text())
        missing = choice.missing_text()
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not missing)
        self.prospect.setText(missing or tr("Looking at the data …"))
        if missing:
            self._timer.stop()
        else:
            self._timer.start()

    def _look(self) -> None:
        self.wanted.emit(self.choice())


def _checkable(group: ItemList, key: str, text: str, checked: bool) -> None:
    item = QListWidgetItem(text)
    item.setData(Qt.ItemDataRole.UserRole, key)
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
    item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
    group.addItem(item)
    if checked and group.currentItem() is None:
        group.setCurrentItem(item)


def _checked(group: ItemList) -> tuple[str, ...]:
    items = (group.item(i) for i in range(group.count()))
    return tuple(item.data(Qt.ItemDataRole.UserRole) for item in items if item.checkState() == Qt.CheckState.Checked)
