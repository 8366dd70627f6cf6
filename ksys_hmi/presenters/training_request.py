"""What the training dialog holds, as a request of the service."""

from __future__ import annotations

from dataclasses import dataclass

from ksys_core.domain.times import HOUR, MINUTE, SECOND
from ksys_core.forecasting.pooled_work import pooled
from ksys_core.forecasting.registry import SPECS
from ksys_core.i18n import N_, tr
from ksys_core.services.training import TrainingRequest
from ksys_hmi.formats import format_value


@dataclass(frozen=True, slots=True)
class Choice:
    """The fields of the dialog; `season` None: found from the data."""

    tags: tuple[str, ...]
    algorithms: tuple[str, ...]
    interval_s: int
    horizon: int
    season: int | None
    history_days: int
    gate: bool

    @property
    def request(self) -> TrainingRequest:
        """For the service."""
        return TrainingRequest(
            self.algorithms,
            self.interval_s,
            self.horizon,
            self.season,
            float(self.history_days),
            after="gate" if self.gate else "keep",
        )

    def missing_text(self) -> str:
        """What has to be chosen yet; empty when nothing is missing."""
        if not self.tags:
            return tr("Choose at least one tag.")
        return "" if self.algorithms else tr("Choose at least one algorithm.")

    def together_text(self) -> str:
        """Which of the algorithms learn from all tags together; empty when none does."""
        titles = ", ".join(tr(SPECS[name].title) for name in self.algorithms if pooled(name))
        text = N_("{algorithm}: one model learns from all chosen tags together; each tag is judged for itself.")
        return tr(text, algorithm=titles) if titles else ""

    def reach_text(self) -> str:
        """How far the forecast reaches."""
        length = self.horizon * self.interval_s * SECOND
        if length < HOUR:
            return tr("The forecast reaches {n} min ahead.", n=format_value(length / MINUTE, 0))
        return tr("The forecast reaches {n} h ahead.", n=format_value(length / HOUR, 1))
