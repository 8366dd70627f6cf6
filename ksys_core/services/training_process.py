"""The process of a training job: does one thing after the other and tells how far it is. It knows no database."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

import psutil

from ksys_core.errors import KnownError
from ksys_core.forecasting.attempts import out_of_memory
from ksys_core.forecasting.training import Message, Progress, SensorTask, train_sensor
from ksys_core.forecasting.training_pool import PoolDone, PoolTask, train_pool
from ksys_core.i18n import N_
from ksys_core.services.compute import begin_worker, spawning

TELL_S: Final = 0.2
"""Progress is told no more often."""
NICENESS: Final = 5
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ready:
    """The process has loaded its libraries and waits for work."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The sensor, or the model of all, could not be trained at all."""

    error: KnownError


Told = Message | PoolDone | Ready | Failed
Task = SensorTask | PoolTask


def limit_memory(megabytes: int) -> None:
    """Refuse this process more than so much memory of its own, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent watches
        return
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS):
        _soft, hard = resource.getrlimit(kind)
        wanted = megabytes * MIB if kind == resource.RLIMIT_DATA else _mapped() + megabytes * MIB
        resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _mapped() -> int:
    """Bytes of addresses in use: the libraries, which are no memory of this process alone."""
    mapped: int = psutil.Process().memory_info().vms
    return mapped


def main(connection: Connection, memory_limit_mb: int) -> None:
    """Do every `Task` that comes through `connection` until None comes."""
    begin_worker()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    limit_memory(memory_limit_mb)
    connection.send(Ready())
    tell = _paced(connection.send)
    while (task := connection.recv()) is not None:
        try:
            if isinstance(task, PoolTask):
                train_pool(task, tell)
            else:
                train_sensor(task, tell)
        except KnownError as error:
            connection.send(Failed(error))
        except MemoryError:
            connection.send(Failed(out_of_memory()))


def _paced(send: Callable[[object], None]) -> Callable[[Message | PoolDone], None]:
    """`send`, but for progress that comes too fast."""
    told = float("-inf")

    def tell(message: Message | PoolDone) -> None:
        nonlocal told
        if isinstance(message, Progress):
            now = time.monotonic()
            if now - told < TELL_S:
                return
            told = now
        send(message)

    return tell


class TrainingProcess:
    """The process, seen from the service: `give` it work, `hear` what it tells; `kill` ends it at once."""

    def __init__(self, memory_limit_mb: int) -> None:
        context = spawning()
        self._here, there = context.Pipe()
        self._process = context.Process(target=main, args=(there, memory_limit_mb), daemon=True, name="ksys-training")
        self._process.start()
        there.close()
        self._told: asyncio.Queue[Told | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self._reader = threading.Thread(target=self._read, args=(loop,), daemon=True, name="ksys-training-reader")
        self._reader.start()
        self._seen = psutil.Process(self._process.pid)

    async def give(self, task: Task | None) -> None:
        """Hand over work; None: there is no more.

        Raises:
            BrokenPipeError: the process is gone.
        """
        await asyncio.to_thread(self._here.send, task)

    async def hear(self) -> Told | None:
        """The next thing it tells; None: it has ended."""
        return await self._told.get()

    @property
    def memory_mb(self) -> float:
        """Memory in use by the process and those it has started."""
        try:
            family = [self._seen, *self._seen.children(recursive=True)]
            return sum(_resident(each) for each in family) / MIB
        except psutil.Error:  # it has just ended
            return 0.0

    @property
    def exit_status(self) -> int | None:
        """Of the ended process; negative: the signal that ended it."""
        self._process.join(0)
        return self._process.exitcode

    def kill(self) -> None:
        """End it and those it has started, whatever they do."""
        try:
            for child in self._seen.children(recursive=True):
                child.kill()
        except psutil.Error:
            pass
        self._process.kill()
        self._process.join()
        self._reader.join()
        self._here.close()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        message: Told | None
        while True:
            try:
                message = self._here.recv()
            except (EOFError, OSError):
                message = None
            try:
                loop.call_soon_threadsafe(self._told.put_nowait, message)
            except RuntimeError:  # the loop is closed already
                return
            if message is None:
                return


def ended(process: TrainingProcess, told: Told | None) -> KnownError:
    """The error for a process that has `told` nothing more before its work was done."""
    if told is not None:
        raise TypeError(f"the training process told {told!r}")
    text = N_("The training process ended unexpectedly (status {status}).")
    return KnownError("training.ended", text, status=process.exit_status)


def _resident(process: psutil.Process) -> int:
    try:
        size: int = process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return size
