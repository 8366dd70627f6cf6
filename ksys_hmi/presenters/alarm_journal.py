"""Presenter of the alarm journal: a page by its number, newest first, of what the filter lets through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ksys_core.domain.times import SECOND, to_datetime
from ksys_core.i18n import tr
from ksys_core.services import alarms_journal
from ksys_core.services.alarms_journal import JournalEntry, JournalFilter, JournalPage, Key
from ksys_hmi.models.trend_window import entered_window
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.presenters.file_export import FileExport
from ksys_hmi.runtime import Runtime

PAGE_SIZES: Final = (20, 50, 100, 200)
CUSTOM: Final = -1
"""The period is typed."""


@dataclass(frozen=True, slots=True)
class JournalChoice:
    """What the person has chosen; empty means any.

    Attributes:
        span_s: the last so many seconds; None: all the time there is; `CUSTOM`: from `start` to `stop`, as typed.
    """

    text: str = ""
    span_s: int | None = 24 * 3600
    start: str = ""
    stop: str = ""
    tag: str = ""
    area: str = ""
    priorities: frozenset[int] = frozenset()
    kinds: tuple[str, ...] = ()
    alarm_kind: str = ""
    actor: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything but the period is chosen."""
        return self != JournalChoice(span_s=self.span_s, start=self.start, stop=self.stop)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalState(PageState):
    """Attributes:
    entries: the page; number: its number from 0; size: rows of a page; more: whether there are older entries.
    last: number of the oldest page seen so far. position: which rows these are, in words.
    tags, areas, actors: what the filter offers.
    """

    choice: JournalChoice = field(default_factory=JournalChoice)
    entries: tuple[JournalEntry, ...] = ()
    number: int = 0
    size: int = PAGE_SIZES[0]
    more: bool = False
    last: int = 0
    position: str = ""
    tags: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()


class JournalPresenter(Presenter[JournalState]):
    """The first page follows the alarms; every other stays as it is, so that nothing moves under the eyes."""

    kinds = frozenset({"alarms"})
    pause_s = 1.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, JournalState())
        self.export = FileExport(runtime, self)
        self._target: int | None = 0
        self._starts: dict[int, Key | None] = {}
        """Keys of the pages that are known, counted from what was the newest entry when page 0 was loaded."""
        self._only = JournalFilter()
        self._wish_no = 0

    def set_choice(self, choice: JournalChoice) -> None:
        """Show only what `choice` lets through, from the first page on."""
        self._begin(replace(self.state, choice=choice))

    def set_size(self, size: int) -> None:
        """Show pages of `size` rows, beginning with the first."""
        self._begin(replace(self.state, size=size))

    def go_to(self, number: int | None) -> None:
        """Show page `number` (from 0), the last one where there are not so many; None: the last one."""
        self._target = None if number is None else max(number, 0)
        self._wish_no += 1
        self.refresh()

    def on_event(self, kind: str, ids: object) -> None:
        if self._target == 0:
            self.refresh()

    async def load(self) -> JournalState:
        wish, wanted, state, db = self._wish_no, self._target, self.state, self.runtime.db
        if wanted == 0 or not self._starts:
            self._only = self._filter()
        only, starts = self._only, dict(self._starts)
        if not starts and wanted != 0:
            starts[0] = (await alarms_journal.journal(db, None, 1, only)).top
        number, key = (0, None) if wanted == 0 else await alarms_journal.find_page(db, starts, wanted, state.size, only)
        page = await alarms_journal.journal(db, key, state.size, only)
        actors = tuple(await alarms_journal.actors(db)) if number == 0 else state.actors
        if wish != self._wish_no:
            return self.state  # another wish has come meanwhile; its load is next
        starts = _with_page(starts, number, key, page)
        self._starts, self._target = starts, number
        last = max(number, *(n for n in starts if n + 1 in starts or n == number))
        sensors = self.runtime.sensors.values()
        return replace(
            state,
            loading=False,
            error="",
            entries=page.entries,
            number=number,
            more=page.after is not None,
            last=last + (page.after is not None and last == number),
            position=_position(number, state.size, len(page.entries)),
            tags=tuple(sorted(sensor.tag for sensor in sensors)),
            areas=tuple(sorted({sensor.area for sensor in sensors if sensor.area})),
            actors=actors,
        )

    def proposed_name(self) -> str:
        """``alarm_journal_<yyyymmdd_HHMMSS>`` in plant time."""
        now = to_datetime(self.runtime.now_ns()).astimezone(self.runtime.zone)
        return f"alarm_journal_{now:%Y%m%d_%H%M%S}"

    def write(self, path: Path) -> None:
        """Write everything that the filter lets through to a file."""
        self.export.begin(self._write(path))

    async def _write(self, path: Path) -> str:
        progress = self.export.show_share
        rows = await alarms_journal.export(
            self.runtime.db, only=self._filter(), path=path, zone=self.runtime.zone, progress=progress
        )
        return tr("{n} rows written to {file}", n=rows, file=path.name)

    def _begin(self, state: JournalState) -> None:
        self._starts, self._target = {}, 0
        self._wish_no += 1
        self.state = replace(state, entries=(), number=0, last=0, more=False, position="", loading=True)
        self.changed.emit(self.state)
        self.refresh()

    def _filter(self) -> JournalFilter:
        """The choice for the database; KnownError where a typed time is none."""
        chosen = self.state.choice
        start, stop = None, None
        if chosen.span_s == CUSTOM:
            window = entered_window(chosen.start, chosen.stop, self.runtime.zone)
            start, stop = window.start, window.stop
        elif chosen.span_s is not None:
            start = self.runtime.now_ns() - chosen.span_s * SECOND
        return JournalFilter(
            start=start,
            stop=stop,
            tags=[chosen.tag] if chosen.tag else None,
            area=chosen.area or None,
            priorities=sorted(chosen.priorities) or None,
            kinds=chosen.kinds or None,
            alarm_kinds=[chosen.alarm_kind] if chosen.alarm_kind else None,
            actor=chosen.actor or None,
            text=chosen.text or None,
        )


def _with_page(
    starts: Mapping[int, Key | None], number: int, key: Key | None, page: JournalPage
) -> dict[int, Key | None]:
    """The pages that are known once `page` is loaded: those that an entry before them has moved are not any more."""
    if number == 0 and page.top != starts.get(0):
        starts = {}
    known = {0: page.top, **starts} if number == 0 else {**starts, number: key}
    if known.get(number + 1, page.after) != page.after:
        known = {n: start for n, start in known.items() if n <= number}
    return known if page.after is None else {**known, number + 1: page.after}


def _position(number: int, size: int, shown: int) -> str:
    if not shown:
        return ""
    first = number * size + 1
    return tr("Page {page} · rows {first}–{last}", page=number + 1, first=first, last=first + shown - 1)
