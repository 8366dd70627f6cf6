"""Presenter of the alarm journal: pages by key, newest first, further pages as the person scrolls down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ksys_core.domain.times import SECOND
from ksys_core.services import alarms
from ksys_core.services.alarms import JournalEntry, JournalFilter, Key
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalState(PageState):
    """Attributes:
    entries: as far as they are loaded; more: whether there are older ones.
    text, span_s: filter; span_s None means all the time there is.
    """

    entries: tuple[JournalEntry, ...] = ()
    more: bool = False
    text: str = ""
    span_s: int | None = 24 * 3600


class JournalPresenter(Presenter[JournalState]):
    """Follows the alarms while the page is shown; what is loaded already stays."""

    kinds = frozenset({"alarms"})
    pause_s = 1.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, JournalState())
        self._after: Key | None = None
        self._older_wanted = False
        self._filter_no = 0

    def set_filter(self, text: str, span_s: int | None) -> None:
        """Show only entries that contain `text`, of the last `span_s` seconds."""
        self._after = None
        self._older_wanted = False
        self._filter_no += 1
        self.state = replace(self.state, text=text, span_s=span_s, entries=(), loading=True)
        self.refresh()

    def load_older(self) -> None:
        """Wish for the next page."""
        if self._after is not None and not self._older_wanted:
            self._older_wanted = True
            self.refresh()

    async def load(self) -> JournalState:
        number, wanted, kept, after = self._filter_no, self._filter(), self.state.entries, self._after
        newest = await alarms.journal(self.runtime.db, None, PAGE, wanted)
        joined = _join(newest.entries, kept)
        if joined is None:
            joined = newest.entries
        if joined is newest.entries:
            after = newest.after
        if self._older_wanted and after is not None:
            older = await alarms.journal(self.runtime.db, after, PAGE, wanted)
            joined, after = joined + older.entries, older.after
        if number != self._filter_no:
            return self.state  # the filter has changed meanwhile; the next load is under way
        self._after, self._older_wanted = after, False
        return replace(self.state, loading=False, error="", entries=joined, more=after is not None)

    def _filter(self) -> JournalFilter:
        span = self.state.span_s
        start = None if span is None else self.runtime.now_ns() - span * SECOND
        return JournalFilter(start=start, text=self.state.text or None)


def _join(newest: tuple[JournalEntry, ...], kept: tuple[JournalEntry, ...]) -> tuple[JournalEntry, ...] | None:
    """Kept entries with the new ones before them; None when there may be others between the two."""
    if not kept:
        return newest
    if not newest:
        return kept
    known = {entry.event_id for entry in kept}
    fresh = tuple(entry for entry in newest if entry.event_id not in known)
    return None if len(fresh) == len(newest) else tuple(sorted(fresh + kept, key=_order, reverse=True))


def _order(entry: JournalEntry) -> tuple[int, int]:
    return entry.source, entry.event_id
