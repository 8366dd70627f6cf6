"""What a list of alarms shows of one alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ksys_core.domain.alarms.reasons import reason_words
from ksys_core.domain.times import SECOND

UNACKNOWLEDGED: Final = ("UNACK", "LUNACK", "RTNUN")
LISTED: Final = (*UNACKNOWLEDGED, "ACKED", "LACKED")


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm of a list. Times in ns UTC, None for what has not happened.

    Attributes:
        occurrence: with `alarm_id` the key that an acknowledgement names.
        value, limit: when the limit was crossed; now_value, now_ts: the tag's newest usable value, newest reading.
        quality: GOOD, UNCERTAIN, BAD or STALE: with the last two the row is held, not judged.
        description, cause, consequence, action, confirmation: texts by language.
        response_s: maximum time to respond, from `active_since`.
        suppressed_as: why it is suppressed, as it is stored; `suppressed_reason` in the reader's language.
        max_shelve_s: how long it may be shelved at the longest; None: it may not be.
        confirmed: the corrective action of this occurrence is stated to be taken.
    """

    alarm_id: int
    occurrence: int
    sensor_id: int
    tag: str
    description: Mapping[str, str]
    area: str
    unit: str
    decimals: int
    kind: str
    label: str
    priority: int
    alarm_class: str
    isa: str
    value: float | None
    limit: float | None
    active_since: int | None
    detected: int | None
    quality: str
    now_value: float | None
    now_ts: int | None
    latching: bool
    first_out: bool
    group: str
    silenced: bool
    acked_by: str | None
    acked_at: int | None
    comment: str
    shelved_until: int | None
    shelved_by: str | None
    shelved_reason: str
    suppressed_as: str
    oos_by: str | None
    oos_reason: str
    oos_permit: str
    oos_review: int | None
    cause: Mapping[str, str]
    consequence: Mapping[str, str]
    action: Mapping[str, str]
    confirmation: Mapping[str, str]
    response_s: float | None
    rationalised: bool
    owner: str
    max_shelve_s: float | None
    confirmed: bool

    @property
    def key(self) -> tuple[int, int]:
        return self.alarm_id, self.occurrence

    @property
    def suppressed_reason(self) -> str:
        return reason_words(self.suppressed_as)

    @property
    def unacknowledged(self) -> bool:
        return self.isa in UNACKNOWLEDGED

    def age_s(self, now: int) -> float | None:
        """Seconds since the alarm began, at `now` (ns)."""
        return None if self.active_since is None else (now - self.active_since) / SECOND

    def response_left_s(self, now: int) -> float | None:
        """Seconds that are left to respond at `now` (ns), negative when overdue; None: no limit, or over by itself."""
        age = self.age_s(now)
        if age is None or self.response_s is None or self.confirmed or self.isa not in ("UNACK", "ACKED"):
            return None
        return self.response_s - age
