"""Presenter of the comparison: labelled events, and what rule alarms and the model made of them."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ksys_core.domain.times import SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import labels
from ksys_core.services.comparison_file import compare_file
from ksys_core.services.labels import Label, StoredLabel
from ksys_hmi.models.comparison_rows import ScoreRow, score_rows
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonState(PageState):
    """Attributes:
    span_s: period that ends now. labels: every labelled event. scores: of the journal.
    file: name of the file that was compared; file_scores: of it. running: a file is being compared.
    problem: why the last command was refused.
    """

    span_s: int = 30 * DAY_S
    labels: tuple[StoredLabel, ...] = ()
    scores: tuple[ScoreRow, ...] = ()
    file: str = ""
    file_scores: tuple[ScoreRow, ...] = ()
    running: bool = False
    problem: str = ""


class ComparisonPresenter(Presenter[ComparisonState]):
    """Follows labels, alarms' journal and advisories by the minute."""

    kinds = frozenset({"labels", "advisories"})
    period_s = 60.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, ComparisonState())
        self._comparing: asyncio.Task[None] | None = None

    def set_span(self, span_s: int) -> None:
        """Judge the last `span_s` seconds."""
        self.publish(replace(self.state, span_s=span_s, loading=True, scores=()))
        self.refresh()

    async def load(self) -> ComparisonState:
        span_s, stop = self.state.span_s, self.runtime.now_ns()
        found = await labels.compare_stored(self.runtime.db, start=stop - span_s * SECOND, stop=stop)
        listed = await labels.stored_labels(self.runtime.db)
        if span_s != self.state.span_s:
            return self.state
        return replace(
            self.state, loading=False, error="", labels=tuple(listed), scores=score_rows(found, N_("Advisories"))
        )

    def add(self, texts: Mapping[str, str]) -> None:
        """Label an event as it was typed (see `labels.COLUMNS`)."""
        self.runtime.spawn(self._add(texts), "label an event")

    def import_file(self, path: Path) -> None:
        """Label the events of a CSV file."""
        self.runtime.spawn(self._import(path), "import labels")

    def remove(self, rows: Sequence[StoredLabel]) -> None:
        """Take labels away."""
        self.runtime.spawn(self._remove([row.event_id for row in rows]), "remove labels")

    def compare(self, path: Path, label_file: Path) -> None:
        """Compare both detectors on a file; beside the loop, for a second or more."""
        if self._comparing is None:
            self.publish(replace(self.state, running=True, problem="", file=path.name, file_scores=()))
            self._comparing = self.runtime.spawn(self._compare(path, label_file), "compare a file")

    def cancel(self) -> None:
        """Forget the file that is being compared."""
        if self._comparing is not None:
            self._comparing.cancel()
            self._comparing = None
            self.publish(replace(self.state, running=False, file=""))

    async def _add(self, texts: Mapping[str, str]) -> None:
        await self._store(lambda: [labels.label_of(texts, self.runtime.zone)])

    async def _import(self, path: Path) -> None:
        await self._store(lambda: labels.read_labels(path, self.runtime.zone))

    async def _store(self, given: Callable[[], list[Label]]) -> None:
        problem = ""
        try:
            made = await labels.add_labels(self.runtime.db, await asyncio.to_thread(given), station=platform.node())
            self.runtime.events.message.emit(tr.plural("{n} event labelled.", "{n} events labelled.", made))
        except KnownError as error:
            problem = str(error)
        self.publish(replace(self.state, problem=problem))
        self.refresh()

    async def _remove(self, event_ids: list[int]) -> None:
        gone = [await labels.remove_label(self.runtime.db, each, station=platform.node()) for each in event_ids]
        self.runtime.events.message.emit(tr.plural("{n} label removed.", "{n} labels removed.", sum(gone)))
        self.refresh()

    async def _compare(self, path: Path, label_file: Path) -> None:
        problem, rows = "", tuple[ScoreRow, ...]()
        try:
            rows = score_rows(await asyncio.to_thread(compare_file, path, label_file, self.runtime.zone), N_("Model"))
        except KnownError as error:
            problem = str(error)
        self._comparing = None
        self.publish(replace(self.state, running=False, file_scores=rows, problem=problem))
