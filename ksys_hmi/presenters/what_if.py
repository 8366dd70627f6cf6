"""Presenter of the what-if dialog: one alarm, one history, any number of tries; the loop stays free meanwhile."""

from __future__ import annotations

import asyncio
import math
import platform
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, Final, cast

import numpy as np
from PySide6.QtCore import QObject, Signal

from ksys_core.domain.alarms.definition import AlarmKind
from ksys_core.domain.times import DAY
from ksys_core.domain.trend import TrendSeries, fold
from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import alarms_suggest
from ksys_core.services import alarms_what_if as service
from ksys_core.services.alarms_what_if import AlarmSettings, Case, Proposal, TriedOut
from ksys_core.services.tags import parse_number
from ksys_hmi.formats import format_value
from ksys_hmi.models.what_if_rows import Line, WhatIfPlot, WhatIfState
from ksys_hmi.runtime import Runtime

FIELDS: Final = ("limit", "dead_band", "on_delay_s", "off_delay_s")
"""What may be proposed, as fields of `AlarmSettings`."""
LONG_S: Final = 60.0
"""An alarm of this length counts as a true one."""
_BUCKETS: Final = 1200
_READING_SHARE: Final = 0.5


class WhatIfPresenter(QObject):
    """`open` first; then `compute`, `suggest`, `apply`. One thing at a time, `cancel` stops it."""

    changed = Signal(object)

    def __init__(self, runtime: Runtime, tag: str, parent: QObject) -> None:
        super().__init__(parent)
        self._runtime = runtime
        self._task: asyncio.Task[None] | None = None
        self._case: Case | None = None
        self._filled: AlarmSettings | None = None
        self._trial: TriedOut | None = None
        self.state = WhatIfState(tag)

    def open(self, kind: str, label: str) -> None:
        """Look up the tag's alarms, choose this one (or the first) and replay it as it is."""
        self._run(self._open(kind, label))

    def choose(self, place: int, days: int) -> None:
        """Take another of the tag's alarms, or a history of other length."""
        if (place, days) != (self.state.chosen, self.state.days) and 0 <= place < len(self.state.alarms):
            self._show(replace(self.state, chosen=place, days=days, tried=None, verdict="", lines=(), plot=None))
            self._run(self._load())

    def compute(self, texts: Mapping[str, str]) -> None:
        """Try the settings as they were typed."""
        self._run(self._compute(texts))

    def suggest(self) -> None:
        """Find a dead band and delays, and show them."""
        self._run(self._suggest())

    def apply(self, reason: str, moc: str) -> None:
        """Put what was tried in force."""
        self._run(self._apply(reason, moc))

    def cancel(self) -> None:
        """Stop what runs; what was shown before stays."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._show(replace(self.state, share=None, problem=tr("Stopped.")))

    def close(self, _result: int = 0) -> None:
        """The dialog goes."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        if self._task is not None:
            self._task.cancel()
        self._show(replace(self.state, share=0.0, problem="", saved=""))
        self._task = self._runtime.spawn(self._guarded(work), "what-if")
        self._task.add_done_callback(lambda _task: work.close())

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        problem = ""
        try:
            await work
        except (KnownError, DatabaseDownError) as error:
            problem = str(error)
        self._task = None
        self._show(replace(self.state, share=None, problem=problem))

    async def _open(self, kind: str, label: str) -> None:
        found = tuple(await service.alarms_of_tag(self._runtime.db, self.state.tag))
        if not found:
            raise KnownError("alarm.none", N_("No alarm is defined for {tag}."), tag=self.state.tag)
        wanted = cast(tuple[AlarmKind, str], (kind, label))
        place = found.index(wanted) if wanted in found else 0
        self._show(replace(self.state, alarms=found, chosen=place))
        await self._load()

    async def _load(self) -> None:
        kind, label = self.state.alarms[self.state.chosen]
        stop = self._runtime.now_ns()
        self._case = await service.load_case(
            self._runtime.db,
            tag=self.state.tag,
            kind=cast(AlarmKind, kind),
            label=label,
            start=stop - self.state.days * DAY,
            stop=stop,
            progress=self._part(0.0, _READING_SHARE),
        )
        case = self._case
        self._fill(case.present, case)
        await self._try(case, Proposal(), {}, self._part(_READING_SHARE, 1.0))

    async def _compute(self, texts: Mapping[str, str]) -> None:
        case = self._loaded()
        proposal = Proposal(**{name: self._meant(name, texts.get(name, "")) for name in FIELDS})
        await self._try(case, proposal, texts, self._part(0.0, 1.0))

    def _meant(self, name: str, text: str) -> float | None:
        """What stands in a field: what was filled in is the exact value behind its text, whatever digits are shown."""
        if text and self._filled is not None and text == _text(getattr(self._filled, name)):
            exact: float = getattr(self._filled, name)
            return exact
        return parse_number(text)

    async def _suggest(self) -> None:
        case = self._loaded()
        db = self._runtime.db
        found = await alarms_suggest.suggest(db, case, long_s=LONG_S, progress=self._part(0.0, 0.8))
        texts = self._fill(found.settings, case)
        await self._try(
            case, Proposal(**{name: getattr(found.settings, name) for name in FIELDS}), texts, self._part(0.8, 1.0)
        )

    async def _apply(self, reason: str, moc: str) -> None:
        case, tried = self._loaded(), self._trial
        assert tried is not None
        changed = await service.put_in_force(
            self._runtime.db,
            tried.trial,
            case.alarm.alarm_id,
            reason=reason,
            moc_id=moc.strip(),
            station=platform.node(),
        )
        if not changed:
            raise KnownError("alarm.same", N_("Nothing differs from what is in force."))
        text = tr("{tag} {kind}: the new settings are in force.", tag=case.alarm.tag, kind=case.alarm.kind)
        self._runtime.events.message.emit(text)
        await self._load()
        self._show(replace(self.state, saved=text))

    async def _try(
        self, case: Case, proposal: Proposal, texts: Mapping[str, str], progress: Callable[[float], None]
    ) -> None:
        tried = await service.try_out(self._runtime.db, case, proposal, long_s=LONG_S, progress=progress)
        series = await asyncio.to_thread(_drawn, case)
        self._trial = tried
        trial = tried.trial
        plot = WhatIfPlot(
            case.start,
            case.stop,
            series,
            tried.before,
            tried.after,
            (trial.present.limit, trial.proposed.limit),
            case.alarm.kind,
        )
        self._show(
            replace(
                self.state,
                verdict=_verdict(tried, case),
                lines=_lines(tried),
                plot=plot,
                tried=texts if trial.present != trial.proposed else None,
            )
        )

    def _fill(self, settings: AlarmSettings, case: Case) -> Mapping[str, str]:
        """Put settings into the form; their texts."""
        self._filled = settings
        texts = {name: _text(getattr(settings, name)) for name in FIELDS}
        self._show(replace(self.state, fields=texts, filled=self.state.filled + 1, unit=case.alarm.unit))
        return texts

    def _loaded(self) -> Case:
        if self._case is None:
            raise KnownError("alarm.none", N_("No alarm is defined for {tag}."), tag=self.state.tag)
        return self._case

    def _part(self, begin: float, end: float) -> Callable[[float], None]:
        """Progress of a step that takes the share from `begin` to `end`."""
        return lambda share: self._show(replace(self.state, share=begin + (end - begin) * share))

    def _show(self, state: WhatIfState) -> None:
        self.state = state
        self.changed.emit(state)


def _text(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.10g}"


def _drawn(case: Case) -> TrendSeries:
    """The tag's history in at most `_BUCKETS` buckets."""
    own = [batch.sensor_id == case.alarm.sensor_id for batch in case.history]
    t, v, quality = (
        np.concatenate([getattr(batch, name)[mine] for batch, mine in zip(case.history, own, strict=True)])
        for name in ("t", "v", "quality")
    )
    order = np.argsort(t, kind="stable")
    return fold(TrendSeries.raw(t[order], v[order], quality[order]), (case.stop - case.start) // _BUCKETS, "raw")


def _verdict(tried: TriedOut, case: Case) -> str:
    found, trial = tried.trial.result, tried.trial
    if not trial.readings:
        return tr("There are no readings in this period: nothing can be told.")
    if trial.present == trial.proposed:
        return tr.plural(
            "{n} annunciation as it is defined now; change a value and compute.",
            "{n} annunciations as it is defined now; change a value and compute.",
            found.before.annunciations,
        )
    removed = found.before.annunciations - found.after.annunciations
    percent = "–" if found.removed is None else format_value(found.removed, 0)
    delay = "–" if found.delay.p95 is None else format_value(found.delay.p95, 0)
    return tr(
        "Would remove {removed} of {n} annunciations ({percent} %); what remains comes up to {delay} s later (95 %).",
        removed=removed,
        n=found.before.annunciations,
        percent=percent,
        delay=delay,
    )


def _lines(tried: TriedOut) -> tuple[Line, ...]:
    found = tried.trial.result
    before, after = found.before, found.after
    median = "" if found.delay.p50 is None else tr("{n} s", n=format_value(found.delay.p50, 1))
    return (
        Line(N_("Annunciations"), str(before.annunciations), str(after.annunciations)),
        Line(N_("Time in alarm, h"), *(format_value(each.in_alarm_s / 3600, 2) for each in (before, after))),
        Line(N_("Chattering annunciations"), str(before.chattering), str(after.chattering)),
        Line(N_("Remain, delay (median)"), str(found.remaining), median),
        Line(N_("Merged into one that still stands"), str(found.merged), ""),
        Line(N_("Not announced any more"), str(found.lost), ""),
        Line(N_("of these, longer than a minute"), str(len(found.lost_long)), ""),
        Line(N_("New, without an alarm now"), "", str(found.added)),
    )
