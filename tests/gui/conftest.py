"""One application and one event loop for all GUI tests of a run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtWidgets import QApplication

from ksys_hmi import style
from ksys_hmi.loop import HeapEventLoop

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["ksys-hmi"]


@pytest.fixture(scope="session")
def runner(qapp: QApplication) -> Iterator[asyncio.Runner]:
    """The HMI's own loop, one for the whole run as in the program."""
    qapp.setQuitOnLastWindowClosed(False)
    style.apply(qapp, "day")
    with asyncio.Runner(loop_factory=lambda: HeapEventLoop(qapp)) as made:
        yield made


@pytest.fixture
def run(runner: asyncio.Runner) -> Run:
    """Runs a coroutine on the HMI's loop to its end: ``run(scenario())``."""
    return runner.run
