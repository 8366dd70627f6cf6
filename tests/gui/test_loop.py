"""The HMI's loop keeps asyncio's promises: order, cancelling, deadlines, threads, exceptions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest

from tests.gui.conftest import Run

Scenario = Callable[[], Any]


async def _soon_keeps_order() -> list[str]:
    loop, seen, done = asyncio.get_running_loop(), [], asyncio.Event()

    def first() -> None:
        seen.append("first")
        loop.call_soon(seen.append, "added by first")
        loop.call_soon(done.set)

    loop.call_soon(first)
    loop.call_soon(seen.append, "second")
    loop.call_soon(seen.append, "cancelled").cancel()
    await done.wait()
    return seen


async def _deadlines_in_order() -> list[int]:
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    seen: list[int] = []
    now = loop.time()
    loop.call_at(now + 0.03, done.set)
    for number, delay in enumerate((0.02, 0.01, 0.01, 0.0, -5.0)):
        loop.call_at(now + delay, seen.append, number)
    await done.wait()
    return seen


async def _cancelled_deadlines_do_not_fire() -> list[int]:
    loop = asyncio.get_running_loop()
    seen: list[int] = []
    handles = [loop.call_later(0.005, seen.append, n) for n in range(500)]
    for handle in handles[::2] + handles[1:400:2]:
        handle.cancel()
    await asyncio.sleep(0.02)
    return seen


async def _timeouts_and_cancellation() -> list[str]:
    seen = []
    try:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        seen.append("timeout")
    task = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    task.cancel()
    result = await asyncio.gather(task, return_exceptions=True)
    return [*seen, type(result[0]).__name__]


async def _context_is_kept() -> list[str]:
    variable: ContextVar[str] = ContextVar("variable", default="outside")
    loop, seen, done = asyncio.get_running_loop(), [], asyncio.Event()
    variable.set("inside")
    loop.call_soon(lambda: seen.append(variable.get()))
    loop.call_later(0, lambda: seen.append(variable.get()))
    variable.set("later")
    loop.call_later(0.01, done.set)
    await done.wait()
    return seen


async def _threads() -> list[str]:
    loop, seen, done = asyncio.get_running_loop(), [], asyncio.Event()
    threading.Thread(target=loop.call_soon_threadsafe, args=(done.set,)).start()
    await done.wait()
    seen.append(await asyncio.to_thread(lambda: "from a thread"))
    return seen


@pytest.mark.parametrize(
    "scenario",
    [
        _soon_keeps_order,
        _deadlines_in_order,
        _cancelled_deadlines_do_not_fire,
        _timeouts_and_cancellation,
        _context_is_kept,
        _threads,
    ],
)
def test_same_as_asyncio(scenario: Scenario, run: Run) -> None:
    expected = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
    with expected:
        wanted = expected.run(scenario())
    assert run(scenario()) == wanted


def test_sleep_is_never_early(run: Run) -> None:
    async def scenario() -> bool:
        loop = asyncio.get_running_loop()
        for delay in (0.0037, 0.0001, 0.0099):
            start = loop.time()
            await asyncio.sleep(delay)
            if loop.time() < start + delay:
                return False
        return True

    assert run(scenario())


def test_ten_thousand_cancelled_deadlines_leave_no_timer_and_a_small_heap(run: Run) -> None:
    async def scenario() -> tuple[int, int]:
        loop: Any = asyncio.get_running_loop()
        before = len(loop._qt_timer.parent().findChildren(QTimer))
        for _ in range(10_000):
            loop.call_later(300, print).cancel()
        return len(loop._deadlines), len(loop._qt_timer.parent().findChildren(QTimer)) - before

    deadlines, more_timers = run(scenario())
    assert deadlines <= 202
    assert more_timers == 0


def test_a_callback_that_raises_reaches_the_handler_and_not_its_neighbours(run: Run) -> None:
    async def scenario() -> tuple[list[str], list[int]]:
        loop = asyncio.get_running_loop()
        problems: list[str] = []
        seen: list[int] = []
        loop.set_exception_handler(lambda _loop, context: problems.append(repr(context["exception"])))
        loop.call_soon(lambda: 1 // 0)
        loop.call_soon(seen.append, 1)
        await asyncio.sleep(0.005)
        loop.set_exception_handler(None)
        return problems, seen

    problems, seen = run(scenario())
    assert problems == [repr(ZeroDivisionError("integer division or modulo by zero"))]
    assert seen == [1]


def test_what_ends_a_program_comes_out_of_the_loop_which_can_go_on(run: Run) -> None:
    seen: list[int] = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(interrupt)
        loop.call_soon(seen.append, 1)
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run(scenario())
    run(asyncio.sleep(0))
    assert seen == [1], "what was ready beside it is done when the loop goes on"


def test_a_deadline_of_years_from_now_is_none_too_far(run: Run) -> None:
    async def scenario() -> int:
        far = asyncio.get_running_loop().call_later(1e10, print)
        try:
            await asyncio.sleep(0.01)
            loop: Any = asyncio.get_running_loop()
            return int(loop._qt_timer.interval())
        finally:
            far.cancel()

    assert 0 <= run(scenario()) <= 3_600_000


def test_events_served_within_a_task_lose_no_other_task(run: Run) -> None:
    async def scenario() -> list[str]:
        seen: list[str] = []

        async def other() -> None:
            seen.append("other")

        waiting = asyncio.create_task(other())
        asyncio.get_running_loop().call_later(0, seen.append, "deadline")
        QTest.qWait(20)
        seen.append("step ended")
        async with asyncio.timeout(5):
            await waiting
        return seen

    assert run(scenario()) == ["step ended", "other", "deadline"]


def test_streams_work(run: Run) -> None:
    async def scenario() -> bytes:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"level\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    assert run(scenario()) == b"LEVEL\n"
