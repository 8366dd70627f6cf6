"""The way to the what-if dialog, whose plots are loaded when somebody goes it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ksys_hmi.runtime import Runtime


def open_what_if(runtime: Runtime, parent: QWidget, tag: str, kind: str = "", label: str = "") -> None:
    """Open the dialog beside the page that asks for it."""
    from ksys_hmi.views.what_if import WhatIfDialog

    WhatIfDialog(runtime, parent, tag, kind, label).show()
