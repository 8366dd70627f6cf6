"""A list of few items."""

from __future__ import annotations

from PySide6.QtWidgets import QListWidget


class ItemList(QListWidget):
    """Its rows have the height of the style from the beginning.

    Qt lays rows out as soon as one is made current and keeps that, although only the style, which comes when the widget
    is first shown, says how high they are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ensurePolished()
