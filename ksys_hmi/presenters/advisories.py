"""Presenter of the advisories: limits that forecasts will cross, forecasts that no longer fit. No sound, nothing to
acknowledge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ksys_core.services import advisories
from ksys_core.services.advisories import AnyAdvisory
from ksys_hmi.models.advisory_rows import scores_text
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoriesState(PageState):
    """Attributes:
    current: open ones, the nearest crossing first, then drift; past: closed ones, newest first.
    scores: how good those of limits were.
    """

    current: tuple[AnyAdvisory, ...] = ()
    past: tuple[AnyAdvisory, ...] = ()
    scores: str = ""


class AdvisoriesPresenter(Presenter[AdvisoriesState]):
    """Follows the service's rounds; loads again each half minute because the times to go shrink."""

    kinds = frozenset({"advisories"})
    period_s = 30.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, AdvisoriesState())

    async def load(self) -> AdvisoriesState:
        found = await advisories.load_page(self.runtime.db, self.runtime.now_ns())
        return replace(
            self.state,
            loading=False,
            error="",
            current=found.current,
            past=found.past,
            scores=scores_text(found.scores),
        )

    def mark_seen(self, rows: Sequence[AnyAdvisory]) -> None:
        """Note that this person has seen them."""
        ids = [row.advisory_id for row in rows if row.seen_by is None]
        if ids:
            self.runtime.spawn(self._mark(ids), "advisories seen")

    async def _mark(self, ids: list[int]) -> None:
        await advisories.mark_seen(self.runtime.db, ids)
        self.refresh()
