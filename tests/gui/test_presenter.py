"""Presenters: one load for many wishes, known errors on the page, nothing while the database is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtWidgets import QDialog

from ksys_core.errors import KnownError
from ksys_core.settings import Settings
from ksys_hmi.dialogs import ask
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import ConnectionState, Runtime
from tests.gui.conftest import Run
from tests.gui.plant_window import until

LIVE = ConnectionState(connected=True, ever=True, since_ns=0)
LOST = ConnectionState(connected=False, ever=True, since_ns=7)


class Counting(Presenter[PageState]):
    kinds = frozenset({"alarms"})
    pause_s = 0.01

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, PageState())
        self.loads = 0
        self.error: Exception | None = None
        self.loaded = asyncio.Event()
        self.changed.connect(lambda _state: self.loaded.set())

    async def load(self) -> PageState:
        self.loads += 1
        if self.error:
            raise self.error
        return PageState(loading=False)

    async def next_state(self) -> PageState:
        self.loaded.clear()
        await self.loaded.wait()
        return self.state


Scenario = Callable[[Counting], Coroutine[Any, Any, None]]


@pytest.fixture
def presented(run: Run) -> Callable[[Scenario], None]:
    """Runs a scenario with a started presenter on a live connection, after its first load."""

    async def with_presenter(scenario: Scenario) -> None:
        async with asyncio.TaskGroup() as group:
            runtime = Runtime(Settings(), group)
            runtime.set_connection(LIVE)
            presenter = Counting(runtime)
            presenter.start()
            await presenter.next_state()
            await scenario(presenter)
            presenter.stop()
            runtime.cancel_all()

    return lambda scenario: run(with_presenter(scenario))


def test_many_wishes_are_one_load(presented: Callable[[Scenario], None]) -> None:
    async def scenario(presenter: Counting) -> None:
        for _ in range(100):
            presenter.runtime.events.changed.emit("alarms", (1,))
        presenter.runtime.events.changed.emit("readings", (1,))
        await presenter.next_state()
        assert presenter.loads == 2
        presenter.runtime.events.changed.emit("resync", ())
        await presenter.next_state()
        assert presenter.loads == 3

    presented(scenario)


def test_a_known_error_is_shown_and_overcome(presented: Callable[[Scenario], None]) -> None:
    async def scenario(presenter: Counting) -> None:
        presenter.error = KnownError("test.off", "The valve is closed.")
        presenter.refresh()
        assert (await presenter.next_state()).error == "The valve is closed."
        presenter.error = None
        presenter.refresh()
        assert (await presenter.next_state()).error == ""

    presented(scenario)


def test_a_bug_ends_one_load_and_is_reported(presented: Callable[[Scenario], None]) -> None:
    async def scenario(presenter: Counting) -> None:
        reported: list[str] = []
        presenter.runtime.events.crashed.connect(reported.append)
        presenter.error = RecursionError("too deep")
        presenter.refresh()
        await until(lambda: bool(reported))
        assert reported == ["Counting: RecursionError: too deep"]
        presenter.error = None
        presenter.refresh()
        loads = presenter.loads
        await presenter.next_state()
        assert presenter.loads == loads + 1

    presented(scenario)


def test_a_loss_freezes_until_the_first_load_after_it(presented: Callable[[Scenario], None]) -> None:
    async def scenario(presenter: Counting) -> None:
        presenter.runtime.set_connection(LOST)
        assert presenter.state.stale_since == 7
        assert not presenter.state.loading
        loads = presenter.loads
        presenter.runtime.set_connection(LIVE)
        assert presenter.state.stale_since == 7, "connected, but what is shown is still the old"
        assert (await presenter.next_state()).stale_since is None
        assert presenter.loads == loads + 1

    presented(scenario)


def test_a_dialog_is_awaited_without_stopping_the_loop(run: Run) -> None:
    async def scenario() -> None:
        for accept in (True, False):
            dialog = QDialog()
            asked = asyncio.create_task(ask(dialog))
            await asyncio.sleep(0)
            assert dialog.isVisible()
            (dialog.accept if accept else dialog.reject)()
            assert await asked is accept

    run(scenario())
