"""Dialogs without a nested event loop: opened, and awaited by a future."""

from __future__ import annotations

import asyncio

from PySide6.QtWidgets import QDialog
from shiboken6 import isValid


async def ask(dialog: QDialog) -> bool:
    """Open `dialog` and wait until it is closed; True when it was accepted. Cancelling closes it."""
    finished: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def on_finished(result: int) -> None:
        if not finished.done():
            finished.set_result(result)

    dialog.finished.connect(on_finished)
    dialog.open()
    try:
        return await finished == QDialog.DialogCode.Accepted.value
    finally:
        if isValid(dialog):  # not when its window has gone before it
            dialog.close()
            dialog.deleteLater()
