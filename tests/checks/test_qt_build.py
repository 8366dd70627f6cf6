"""Guard against PySide6 builds that lose references: on Python before 3.12 they end the process after a while."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QLabel, QTableView
from pytestqt.qtbot import QtBot

CALLS = 500


class Table(QAbstractTableModel):
    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 20

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 3

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return "x" if role == Qt.ItemDataRole.DisplayRole else None


class Sender(QObject):
    sent = Signal(object)


def lost_references(call: Callable[[], object]) -> int:
    """How many references to None `CALLS` calls lose, beyond chance."""
    for _ in range(5):
        call()
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        call()
    return before - sys.getrefcount(None)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_calls_into_qt_keep_references_to_none(qtbot: QtBot) -> None:
    label, sender, table = QLabel("a"), Sender(), QTableView()
    for widget in (label, table):
        qtbot.addWidget(widget)
    table.setModel(Table())
    table.show()
    sender.sent.connect(lambda _value: None)
    timer = QObject()
    calls: dict[str, Callable[[], object]] = {
        "QLabel.setText": lambda: label.setText("x"),
        "startTimer and killTimer": lambda: timer.killTimer(timer.startTimer(100_000)),
        "emit": lambda: sender.sent.emit(None),
        "parent": label.parent,
        "repaint of a table": table.viewport().repaint,
    }
    lost = {name: lost_references(call) for name, call in calls.items()}
    assert all(count < CALLS // 2 for count in lost.values()), f"references to None lost in {CALLS} calls: {lost}"
