"""What the what-if dialog shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ksys_core.domain.alarms.what_if import Occurrences
from ksys_core.domain.trend import TrendSeries


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result: English title to translate, present and proposed value as they are shown."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfPlot:
    """What the plot draws: the history, the alarms of both definitions, both limits (NaN: none)."""

    start: int
    stop: int
    series: TrendSeries
    before: Occurrences
    after: Occurrences
    limits: tuple[float, float]
    kind: str


@dataclass(frozen=True, slots=True)
class WhatIfState:
    """Attributes:
    alarms: kind and label of the tag's alarms; chosen: the place of the one in question.
    share: how much is done while something runs (0 to 1), else None. problem: why it did not work.
    fields: texts to put into the form; they are new when `filled` has grown.
    verdict: the result in one sentence. tried: the texts of the form that were tried; None where nothing differs.
    saved: a sentence once it is in force.
    """

    tag: str
    days: int = 30
    alarms: tuple[tuple[str, str], ...] = ()
    chosen: int = -1
    unit: str = ""
    share: float | None = None
    problem: str = ""
    fields: Mapping[str, str] | None = None
    filled: int = 0
    verdict: str = ""
    lines: tuple[Line, ...] = ()
    plot: WhatIfPlot | None = None
    tried: Mapping[str, str] | None = None
    saved: str = ""
