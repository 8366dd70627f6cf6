"""A database that stops or dies: told within 3 s, the page frozen under a hatch, and all of it mended by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtWidgets import QApplication, QLabel

from ksys_core.settings import Settings
from ksys_core.store.embedded import EmbeddedServer
from ksys_core.store.migrate import migrate
from ksys_hmi import connection
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.page import Page
from tests.conftest import TEST_SETTINGS, run_sql
from tests.gui.conftest import Run

LOSS_S = 20.0  # the requirement is 3 s; a loaded machine may take longer


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsState(PageState):
    tags: tuple[str, ...] = ()


class TagsPresenter(Presenter[TagsState]):
    kinds = frozenset({"sensors"})
    period_s = 0.2

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, TagsState())

    async def load(self) -> TagsState:
        rows = await self.runtime.db.fetch("select tag from sensors order by tag")
        return TagsState(loading=False, tags=tuple(row["tag"] for row in rows))


class TagsPage(Page[TagsState]):
    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, TagsPresenter(runtime))
        self.label = QLabel(self)

    def render_state(self, state: TagsState) -> None:
        self.label.setText(" ".join(state.tags))

    @property
    def hatched(self) -> bool:
        return self._hatch.isVisible()


@pytest.fixture
def server(server_folder: Path) -> Iterator[EmbeddedServer]:
    made = EmbeddedServer(server_folder, TEST_SETTINGS)
    asyncio.run(migrate(made.start_or_adopt()))
    yield made
    made.stop()


@asynccontextmanager
async def connected_page(server: EmbeddedServer) -> AsyncIterator[TagsPage]:
    async with asyncio.TaskGroup() as group:
        runtime = Runtime(Settings(), group)
        await connection.connect(runtime, Progress((connection.CONNECT,)), server.dsn("operator"))
        listening = asyncio.Event()
        runtime.events.changed.connect(lambda _kind, _ids: listening.set())
        runtime.spawn(connection.follow(runtime, server.dsn("operator")), "events")
        page = TagsPage(runtime)
        page.resize(400, 300)
        page.show()
        try:
            await until(lambda: page.loaded)
            await listening.wait()  # its first event is "resync"
            yield page
        finally:
            page.hide()
            page.deleteLater()
            runtime.cancel_all()
    await runtime.close_database(2)


async def until(condition: Callable[[], bool], within_s: float = 30) -> None:
    """Wait for `condition`."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - many signals may make it true
            await asyncio.sleep(0.01)


def processes(server: EmbeddedServer) -> list[psutil.Process]:
    assert server.pid is not None
    postmaster = psutil.Process(server.pid)
    return [postmaster, *postmaster.children(recursive=True)]


async def _stopped(page: TagsPage, server: EmbeddedServer) -> None:
    assert server.pid is not None
    psutil.Process(server.pid).suspend()  # first, so that it starts no process behind the list's back
    halted = processes(server)
    for process in halted:
        process.suspend()
    try:
        await until(lambda: not page.runtime.connection.connected, LOSS_S)
        assert page.hatched
        assert page.presenter.state.stale_since == page.runtime.connection.since_ns
    finally:
        for process in halted:
            process.resume()


async def _killed(page: TagsPage, server: EmbeddedServer) -> None:
    for process in processes(server):
        os.kill(process.pid, signal.SIGKILL)
    await until(lambda: not page.runtime.connection.connected, LOSS_S)
    assert page.hatched
    await asyncio.to_thread(server.start_or_adopt)


Blow = Callable[[TagsPage, EmbeddedServer], Coroutine[Any, Any, None]]


@pytest.mark.parametrize("blow", [_stopped, _killed])
def test_loss_is_told_and_mended(blow: Blow, server: EmbeddedServer, run: Run, qapp: QApplication) -> None:
    async def scenario() -> None:
        async with connected_page(server) as page:
            assert page.label.text() == ""
            assert not page.hatched
            await blow(page, server)
            await until(lambda: page.runtime.connection.connected)
            await until(lambda: not page.hatched)
            await asyncio.to_thread(run_sql, server.dsn("ksys"), "insert into sensors (tag) values ('NEW_TAG')",
                                    "select ksys_notify('sensors')")  # fmt: skip
            await until(lambda: page.label.text() == "NEW_TAG")
            await until(lambda: page.runtime.sensor("NEW_TAG") is not None)

    run(scenario())


def test_nothing_is_loaded_while_hidden(server: EmbeddedServer, run: Run, qapp: QApplication) -> None:
    shown: list[bool] = []

    async def scenario() -> None:
        async with connected_page(server) as page:
            page.hide()
            assert not page.presenter.active
            page.presenter.changed.connect(lambda _state: shown.append(page.isVisible()))
            page.runtime.events.changed.emit("sensors", ())
            await page.runtime.db.fetchval("select pg_sleep(0.3)")  # longer than the presenter's period
            page.show()
            await until(lambda: bool(shown))
            assert all(shown), "a hidden page was loaded"

    run(scenario())
