"""Qt's own messages go to the log, so that nothing is written beside it."""

from __future__ import annotations

import logging

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_log = logging.getLogger("ksys.qt")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_HARMLESS = ("This plugin does not support propagateSizeHints()",)


def log_qt_messages() -> None:
    """Send every message of Qt to the logger ``ksys.qt``, but for those of the offscreen plug-in's limits."""
    qInstallMessageHandler(_on_message)


def _on_message(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    if text not in _HARMLESS:
        _log.log(_LEVELS[kind], "%s", text)
