"""What the whole HMI shares: database, settings, plant zone, tags, events, and one way to start coroutines."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject, Signal

from ksys_core.domain.tags import Sensor
from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.settings import Settings
from ksys_core.store.pool import Database
from ksys_core.store.session import Right, Session
from ksys_hmi.watchdog import Watchdog

_log = logging.getLogger("ksys.hmi")


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """Whether the database answers.

    Attributes:
        connected: False before the first connection and while it is lost.
        since_ns: start of this state, nanoseconds UTC.
        ever: True once the first connection has been made: what is shown is old, not missing.
        reason: why it is not connected, in the person's language.
    """

    connected: bool
    since_ns: int
    ever: bool = False
    reason: str = ""

    @property
    def stale_since(self) -> int | None:
        """Since when the view is frozen, or None while it is live or has never been filled."""
        return None if self.connected or not self.ever else self.since_ns


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether alarms are evaluated.

    Attributes:
        phase: "awaited" from the start of the program until it is known.
        last_ns: the last pass by the database's clock, when it has `stopped`.
    """

    phase: Literal["awaited", "on", "stopped", "never"] = "awaited"
    last_ns: int = 0


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Wish to show page `page_id` with what it should show (``tags=[...]``, ``at=ns``)."""

    page_id: str
    params: Mapping[str, Any] = field(default_factory=dict)


class Events(QObject):
    """Signals of the runtime."""

    changed = Signal(str, object)
    """(kind, ids): something changed in the database; empty ids mean all. Kind ``resync`` means everything."""
    connection_changed = Signal(object)
    """`ConnectionState`"""
    evaluation_changed = Signal(object)
    """`Evaluation`"""
    page_requested = Signal(object)
    """`PageRequest`"""
    message = Signal(str)
    """A sentence for the status line: the outcome of what the person just did."""
    quit_requested = Signal()
    """The person closes the program."""
    crashed = Signal(str)
    """A bug was caught and logged; the text names it."""


class Runtime:
    """Handed to every page. Nothing else in the HMI is global, except translator and theme."""

    def __init__(self, settings: Settings, group: asyncio.TaskGroup) -> None:
        self.settings = settings
        self.zone: ZoneInfo = settings.zone
        self.events = Events()
        self.connection = ConnectionState(connected=False, since_ns=time.time_ns())
        self.evaluation = Evaluation()
        self.session = Session("", frozenset())
        self.sensors: Mapping[int, Sensor] = {}
        self.clock_offset_ns = 0
        """Database clock minus this computer's clock."""
        self.watchdog: Watchdog | None = None
        self.opening: Mapping[str, Mapping[str, Any]] = {}
        """What a page shows when it is first opened without a wish of its own, by page."""
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()
        self._db: Database | None = None

    @property
    def db(self) -> Database:
        """The connected database. Pages are shown only after the first connection, so they may rely on it."""
        if self._db is None:
            raise DatabaseDownError("database.not_yet", "The database is not connected yet.")
        return self._db

    def use_database(self, db: Database) -> None:
        """Take the pool of the first connection."""
        self._db = db

    def now_ns(self) -> int:
        """Now by the database's clock, nanoseconds UTC."""
        return time.time_ns() + self.clock_offset_ns

    def sensor(self, tag: str) -> Sensor | None:
        """The tag's record, or None when there is no such tag."""
        return next((sensor for sensor in self.sensors.values() if sensor.tag == tag), None)

    def may(self, right: Right) -> bool:
        """Whether to offer what needs `right`; the database decides again when it is done."""
        return right in self.session.rights

    def open_page(self, page_id: str, **params: Any) -> None:
        """Show a page, for instance ``open_page("trend", tags=["FEED_FLOW"], at=ns)``."""
        self.events.page_requested.emit(PageRequest(page_id, params))

    def set_connection(self, state: ConnectionState) -> None:
        """Announce that the database came or went."""
        if state != self.connection:
            self.connection = state
            self.events.connection_changed.emit(state)

    def set_evaluation(self, evaluation: Evaluation) -> None:
        """Announce that the evaluation of alarms stopped or goes on."""
        if evaluation != self.evaluation:
            self.evaluation = evaluation
            self.events.evaluation_changed.emit(evaluation)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` under the root task group.

        A `KnownError` goes to the status line; anything else is a bug: logged with its trace and shown in the
        crash strip. A lost database is not reported here: the connection state already shows it.
        """
        task = self._group.create_task(self.guard(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _task: work.close())  # cancelled before its first step, it was never begun
        return task

    def call(self, function: Callable[[], Coroutine[Any, Any, None]], name: str) -> Callable[[], None]:
        """A slot that spawns ``function()``; for ``signal.connect(runtime.call(self.save, "save"))``."""

        def slot() -> None:
            self.spawn(function(), name)

        return slot

    def cancel_all(self) -> None:
        """End every task; the root task group waits for them."""
        for task in self._tasks:
            task.cancel()

    async def close_database(self, timeout_s: float) -> None:
        """Close the pool; after `timeout_s` its connections are cut."""
        if self._db is not None:
            with suppress(TimeoutError, DatabaseDownError):
                async with asyncio.timeout(timeout_s):
                    await self._db.close()

    async def guard(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Await `work`; its errors are reported as those of a spawned task and go no further."""
        try:
            await work
        except DatabaseDownError as error:
            _log.info("%s: %s", name, error)
        except KnownError as error:
            _log.warning("%s: %s", name, error)
            self.events.message.emit(str(error))
        except Exception as error:  # noqa: BLE001 - the HMI's one error path
            self.report_bug(name, error)

    def report_bug(self, name: str, error: BaseException) -> None:
        """Log an unexpected error with its trace and show the crash strip."""
        _log.error("bug in %s", name, exc_info=error)
        self.events.crashed.emit(f"{name}: {type(error).__name__}: {error}")
