"""Full-width strips under the banner: what is lost, a caught bug, a missing font. No dialog, nothing hidden."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from ksys_hmi import fonts, theme
from ksys_hmi.widgets.hatch import BAD_ALPHA, paint_hatch


class Strip(QWidget):
    """One sentence across the window, outlined; hatched at its ends when it tells of a loss."""

    def __init__(self, *, loss: bool = False) -> None:
        super().__init__()
        self._loss = loss
        self._label = QLabel()
        self._label.setFont(fonts.value(bold=True))
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row = QHBoxLayout(self)
        margin = fonts.px(72) if loss else fonts.px(12)
        self._row.setContentsMargins(margin, 4, margin, 4)
        self._row.addWidget(self._label, 1)
        self.setFixedHeight(fonts.px(40))
        self.hide()

    @property
    def text(self) -> str:
        return self._label.text()

    def add_button(self, handler: Callable[[], object]) -> QPushButton:
        """A button at the right end; its text is set by the caller."""
        button = QPushButton()
        button.clicked.connect(lambda _checked=False: handler())
        self._row.addWidget(button)
        return button

    def show_text(self, text: str) -> None:
        """Show the sentence; an empty one hides the strip."""
        self._label.setText(text)
        self._label.setAccessibleName(text)
        self.setVisible(bool(text))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = theme.current()
        painter.fillRect(self.rect(), tokens.control)
        if self._loss:
            end = fonts.px(60)
            left, right = self.rect(), self.rect()
            left.setWidth(end)
            right.setLeft(right.right() - end)
            paint_hatch(painter, left, BAD_ALPHA * 2)
            paint_hatch(painter, right, BAD_ALPHA * 2)
        painter.setPen(QPen(tokens.text, 2))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()
