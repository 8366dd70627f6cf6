"""The sound of this station: its device, whose horn it is, loudness, and the tone of each priority to try."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from ksys_core.i18n import tr
from ksys_hmi import theme
from ksys_hmi.presenters.horn import DEVICE_WORDS, HornPresenter, HornState
from ksys_hmi.widgets.banner import PRIORITY_NAMES

_QUIETEST = 10  # per cent: quiet is possible, silent by mistake is not


class SoundDialog(QDialog):
    """Follows the presenter while it is open."""

    def __init__(self, parent: QWidget, horn: HornPresenter) -> None:
        super().__init__(parent)
        self._horn = horn
        self.setWindowTitle(tr("Sound"))
        self.device, self.owner = QLabel(), QLabel()
        self.volume = QSlider(Qt.Orientation.Horizontal)
        self.volume.setRange(_QUIETEST, 100)
        self.volume.setAccessibleName(tr("Loudness"))
        self.volume.setValue(round(100 * horn.state.volume))
        self.volume.valueChanged.connect(lambda percent: horn.set_volume(percent / 100))
        self.take = QPushButton(tr("Sound here"))
        self.take.clicked.connect(horn.take)
        self.tests = {n: QPushButton() for n in theme.SHAPES}
        self._lay_out()
        horn.changed.connect(self._show)
        self._show(horn.state)

    def _lay_out(self) -> None:
        rows = QGridLayout()
        for row, (title, widget) in enumerate(
            ((tr("Audio device"), self.device), (tr("Horn"), self.owner), (tr("Loudness"), self.volume))
        ):
            rows.addWidget(QLabel(title), row, 0)
            rows.addWidget(widget, row, 1)
        rows.addWidget(self.take, 1, 2)
        rows.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.addLayout(rows)
        column.addWidget(QLabel(tr("Try the tone of a priority:")))
        for n, button in self.tests.items():
            button.setText(tr("Priority {n}: {name}", n=n, name=tr(PRIORITY_NAMES[n])))
            button.clicked.connect(partial(self._horn.test, n))
            column.addWidget(button)
        hint = QLabel(
            tr("The loudness holds until the program ends; for good it is set by hmi.sound_volume in the settings.")
        )
        hint.setWordWrap(True)
        column.addWidget(hint)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setText(tr("Close"))
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.setMinimumWidth(560)

    def _show(self, state: HornState) -> None:
        ready = state.device == "ready"
        name = f" ({self._horn.engine.name})" if ready else ""
        self.device.setText(tr(DEVICE_WORDS[state.device]) + name)
        self.owner.setText(_owner_text(state))
        self.take.setEnabled(ready and state.wanted and not state.mine and state.stale_since is None)
        for button in self.tests.values():
            button.setEnabled(ready)


def _owner_text(state: HornState) -> str:
    if state.mine:
        return tr("sounds here")
    if state.owner is None:
        return tr("sounds nowhere")
    return tr("sounds at {station} ({login})", station=state.owner.station, login=state.owner.login)
