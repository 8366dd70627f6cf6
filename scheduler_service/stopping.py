"""What ends the service: a signal, or the end of the program that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final, TypeVar

from ksys_core.log import get_logger

_log = get_logger(__name__)
_T = TypeVar("_T")
STOP_LIMIT_S: Final = 4.0
"""After this time the service ends with whatever is still open."""
CANCEL_AGAIN_S: Final = 3.0
"""Longer than a run needs to be closed."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` at SIGTERM or SIGINT; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def stopped(name: str) -> None:
        if stop.is_set():
            _log.warning("ended at once by a second signal", signal=name)
            os._exit(1)
        _log.info("stopping", signal=name)
        stop.set()

    for number in _SIGNALS:
        if hasattr(signal, "SIGKILL"):  # not Windows
            loop.add_signal_handler(number, stopped, number.name)
        else:
            signal.signal(number, lambda n, _frame: loop.call_soon_threadsafe(stopped, signal.Signals(n).name))


def stop_with_parent(stop: asyncio.Event, environ: Mapping[str, str]) -> None:
    """With ``KSYS_PARENT_PIPE=1``: set `stop` when standard input ends, since then the parent is gone."""
    if environ.get("KSYS_PARENT_PIPE") != "1":
        return
    loop = asyncio.get_running_loop()

    def read_to_end() -> None:
        while os.read(0, 4096):
            pass
        _call_soon(loop, stop.set)

    threading.Thread(target=read_to_end, daemon=True, name="ksys-parent-pipe").start()


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:  # the loop is closed already
        return


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks` and wait until all have ended.

    One may lose its cancellation: a task group whose child fails at that moment swallows it (CPython issue 116720), and
    a library may answer it with an error of its own. What goes on is cancelled again.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, _T]) -> _T | None:
    """The result of `work`, or None when `stop` was set before."""
    task = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        stopped.cancel()
        task.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)
