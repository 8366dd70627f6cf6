"""What of a list of alarms is shown, and how a saved filter is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from ksys_core.domain.alarms.rows import LISTED, UNACKNOWLEDGED, AlarmRow
from ksys_core.i18n import N_

PRIORITIES: Final = (1, 2, 3, 4)
STATE_GROUPS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "": (N_("All states"), LISTED),
    "unacknowledged": (N_("Unacknowledged"), UNACKNOWLEDGED),
    "acknowledged": (N_("Acknowledged"), ("ACKED", "LACKED")),
    "returned": (N_("Returned, unacknowledged"), ("RTNUN",)),
    "latched": (N_("Latched"), ("LUNACK", "LACKED")),
}
"""What may be chosen: its name (English) and the ISA states it lets through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFilter:
    """Empty means everything. Priority 1 unacknowledged is never hidden.

    Attributes:
        text: part of tag, description, area or kind. area: with everything below it. state: a key of `STATE_GROUPS`.
    """

    text: str = ""
    priorities: frozenset[int] = frozenset()
    area: str = ""
    state: str = ""

    def lets_through(self, row: AlarmRow, searched: str) -> bool:
        """Whether `row` is shown; `searched` are its texts (`searched_text`)."""
        if row.priority == 1 and row.unacknowledged:
            return True
        if self.priorities and row.priority not in self.priorities:
            return False
        if self.area and row.area != self.area and not row.area.startswith(f"{self.area}/"):
            return False
        if self.state and row.isa not in STATE_GROUPS[self.state][1]:
            return False
        return self.text.casefold() in searched

    def as_json(self) -> dict[str, Any]:
        return {"text": self.text, "priorities": sorted(self.priorities), "area": self.area, "state": self.state}

    @classmethod
    def from_json(cls, saved: Any) -> Self:
        """The filter as it was saved; what is not understood is left out."""
        given = saved if isinstance(saved, dict) else {}
        priorities = given.get("priorities")
        state = str(given.get("state", ""))
        return cls(
            text=str(given.get("text", "")),
            priorities=frozenset(priorities).intersection(PRIORITIES) if isinstance(priorities, list) else frozenset(),
            area=str(given.get("area", "")),
            state=state if state in STATE_GROUPS else "",
        )


EVERYTHING: Final = AlarmFilter()
