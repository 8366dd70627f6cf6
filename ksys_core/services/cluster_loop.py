"""The event loop that this program's clients of a cluster run in.

Dask's client would begin one by itself, but gives up with a bare assertion when its thread has not begun within ten
seconds, a time no setting changes: on a machine that is busy training it may take longer. This one is waited for.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tornado.ioloop import IOLoop

NAME: Final = "ksys-cluster-loop"


@cache
def running_loop() -> IOLoop:
    """The loop, begun at the first look in a thread of its own that ends with the program."""
    begun: Future[IOLoop] = Future()
    Thread(target=_run, args=(begun,), daemon=True, name=NAME).start()
    return begun.result()


def _run(begun: Future[IOLoop]) -> None:
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # Dask's sockets need one on Windows, too
        runner.run(_forever(begun))


async def _forever(begun: Future[IOLoop]) -> None:
    try:
        from tornado.ioloop import IOLoop

        begun.set_result(IOLoop.current())
    except BaseException as error:
        begun.set_exception(error)
        raise
    await asyncio.Event().wait()
