"""Presenters: what a page shows, as one frozen state, without widgets."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, TypeVar

from PySide6.QtCore import QObject, Signal

from ksys_core.errors import DatabaseDownError, KnownError
from ksys_hmi.runtime import ConnectionState, Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """Base of every page's state.

    Attributes:
        loading: nothing has been loaded yet.
        error: why the page can't show its data, translated; empty when it can.
        stale_since: nanoseconds UTC since when the page is frozen; None while it is live.
    """

    loading: bool = True
    error: str = ""
    stale_since: int | None = None


StateT = TypeVar("StateT", bound=PageState)


class Presenter(QObject, Generic[StateT]):
    """Loads a page's state while the page is shown and publishes it by `changed`.

    A subclass says what wakes it (`kinds`, `period_s`) and implements `load`. Any number of wishes to refresh during
    one load become one further load, at most one each `pause_s`.
    """

    changed = Signal(object)
    """The new state."""

    kinds: ClassVar[frozenset[str]] = frozenset()
    """Kinds of change in the database that make the state old; ``resync`` always does."""
    period_s: float | None = None
    """Load at least this often; None: only on events."""
    pause_s: ClassVar[float] = 0.25

    def __init__(self, runtime: Runtime, state: StateT) -> None:
        super().__init__()
        self.runtime = runtime
        self.state: StateT = state
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        """Whether it is between `start` and `stop`."""
        return self._task is not None

    def start(self) -> None:
        """The page is shown: load now and keep loading."""
        if self._task is not None:
            return
        self.runtime.events.changed.connect(self._on_changed)
        self.runtime.events.connection_changed.connect(self._on_connection)
        self._on_connection(self.runtime.connection)
        self.refresh()
        self._task = self.runtime.spawn(self._run(), type(self).__name__)

    def stop(self) -> None:
        """The page is hidden: no query, no painting."""
        if self._task is None:
            return
        self.runtime.events.changed.disconnect(self._on_changed)
        self.runtime.events.connection_changed.disconnect(self._on_connection)
        self._task.cancel()
        self._task = None

    def refresh(self) -> None:
        """Wish for a new load soon."""
        self._wanted.set()

    async def load(self) -> StateT:
        """The state as it is now; raises `KnownError` for what the person should read on the page."""
        raise NotImplementedError

    def publish(self, state: StateT) -> None:
        """Make `state` the present one and tell the page."""
        self.state = state
        self.changed.emit(state)

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.period_s):
                    await self._wanted.wait()
            self._wanted.clear()
            await self.runtime.guard(self._load_once(), type(self).__name__)  # a bug ends one load, not the page
            await asyncio.sleep(self.pause_s)

    async def _load_once(self) -> None:
        if not self.runtime.connection.connected:
            return
        try:
            state = await self.load()
        except DatabaseDownError:
            return
        except KnownError as error:
            state = replace(self.state, loading=False, error=str(error))
        self.publish(replace(state, stale_since=self.runtime.connection.stale_since))

    def _on_changed(self, kind: str, ids: object) -> None:
        if kind == "resync" or kind in self.kinds:
            self.on_event(kind, ids)

    def on_event(self, kind: str, ids: object) -> None:
        """A change of one of `kinds` (or ``resync``) for `ids`; the default is to load again."""
        self.refresh()

    def _on_connection(self, connection: ConnectionState) -> None:
        if connection.connected:
            self.refresh()  # frozen until the first load after the loss has come through
        elif connection.stale_since != self.state.stale_since:
            self.publish(replace(self.state, stale_since=connection.stale_since))
