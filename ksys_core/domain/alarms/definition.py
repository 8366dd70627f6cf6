"""What an alarm is: the record an engineer writes (master alarm table), before it becomes columns of the engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Literal, get_args

from ksys_core.domain.alarms.matrix import Severity
from ksys_core.errors import KnownError
from ksys_core.i18n import N_

AlarmKind = Literal["HH", "H", "L", "LL", "RATE", "DEV", "FLAT", "STATE", "SOURCE"]
AlarmClass = Literal["process", "safety", "environmental", "quality", "asset", "hma"]
DeadBandUnit = Literal["value", "span"]
Priority = Literal[1, 2, 3, 4]

KINDS: tuple[AlarmKind, ...] = get_args(AlarmKind)
LIMIT_KINDS: tuple[AlarmKind, ...] = ("HH", "H", "L", "LL")
DISTANCE_KINDS: tuple[AlarmKind, ...] = ("RATE", "DEV")
"""Kinds that compare a size, which is never negative, with their setting."""
LONGEST_DELAY_S = 86_400.0
LONGEST_SHELF_S = 604_800.0
LONGEST_NAME = 64
LONGEST_TEXT = 2000
MOST_COUNTED = 16

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NewAlarmDefinition:
    """One alarm of one tag; (sensor_id, kind, label) identifies it.

    Attributes:
        setting: what kinds other than HH/H/L/LL compare with: RATE units per minute (either direction), DEV distance
            from `reference_sensor_id`, FLAT seconds without a change, STATE the value that alarms. The limit of
            HH/H/L/LL is a row of ``sensor_limits``.
        dead_band: in the tag's unit, or percent of its span when `dead_band_unit` is ``"span"``.
        count: as many entries beyond the limit within `on_delay_s` activate as well; 0: only the delay does.
        priority: 1 is the highest.
        realarm_s: seconds after which an acknowledged, still active alarm sounds again; None: never.
        cause, consequence, action, confirmation: texts by language, ``{"en": ..., "ko": ...}``.
        response_s: maximum time to respond; with the `severity` of the consequence it gives the priority.
    """

    sensor_id: int
    kind: AlarmKind
    label: str = ""
    setting: float | None = None
    reference_sensor_id: int | None = None
    dead_band: float = 0.0
    dead_band_unit: DeadBandUnit = "value"
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    count: int = 0
    priority: Priority = 3
    alarm_class: AlarmClass = "process"
    latching: bool = False
    realarm_s: float | None = None
    group: str = ""
    shelvable: bool = True
    max_shelve_s: float = 28_800.0
    cause: Texts = field(default_factory=dict)
    consequence: Texts = field(default_factory=dict)
    action: Texts = field(default_factory=dict)
    confirmation: Texts = field(default_factory=dict)
    response_s: float | None = None
    severity: Severity | None = None
    owner: str = ""
    basis: str = ""
    moc_id: str | None = None
    review_date: date | None = None
    rationalised: bool = False
    enabled: bool = True

    def check(self) -> None:
        """Raise `KnownError` when the record contradicts itself or cannot be stored."""
        self._check_times()
        if not 0 <= self.dead_band < math.inf:
            raise KnownError("alarm.dead_band", N_("A dead band is a number that is not negative."))
        if self.dead_band_unit == "span" and self.dead_band >= 100:
            raise KnownError("alarm.dead_band_span", N_("A dead band must be smaller than the span of its tag."))
        if not 0 <= self.count <= MOST_COUNTED:
            raise KnownError("alarm.count", N_("The count must lie between 0 and 16."))
        if self.count > 0 and self.on_delay_s == 0:
            raise KnownError("alarm.count_window", N_("A count needs an on-delay: entries are counted within it."))
        if self.priority not in get_args(Priority):
            raise KnownError("alarm.priority", N_("Priorities are 1, 2, 3 and 4."))
        self._check_kind()
        self._check_texts()

    def _check_times(self) -> None:
        for name, value in (("on-delay", self.on_delay_s), ("off-delay", self.off_delay_s)):
            if not 0 <= value <= LONGEST_DELAY_S:
                raise KnownError("alarm.delay", N_("The {name} must lie between 0 and 86400 seconds."), name=name)
        if self.realarm_s is not None and not 60 <= self.realarm_s < math.inf:
            raise KnownError("alarm.realarm", N_("An alarm sounds again after 60 seconds at the earliest."))
        if not 60 <= self.max_shelve_s <= LONGEST_SHELF_S:
            raise KnownError("alarm.max_shelve", N_("Alarms may be shelved for at least a minute, at most a week."))
        if self.response_s is not None and not 0 < self.response_s < math.inf:
            raise KnownError("alarm.response", N_("The time to respond is a number of seconds greater than 0."))

    def _check_kind(self) -> None:
        if self.setting is None and self.kind not in LIMIT_KINDS and self.kind != "SOURCE":
            raise KnownError("alarm.setting", N_("An alarm of kind {kind} needs a setting."), kind=self.kind)
        if self.setting is not None and self.kind not in LIMIT_KINDS and not math.isfinite(self.setting):
            raise KnownError("alarm.limit", N_("A limit is a finite number."))
        if self.setting is not None and self.setting <= 0 and self.kind in (*DISTANCE_KINDS, "FLAT"):
            text = N_("The setting of an alarm of kind {kind} must be above 0, or it would alarm while all is normal.")
            raise KnownError("alarm.setting_size", text, kind=self.kind)
        if self.dead_band_unit == "value":
            check_distance(self.kind, self.setting, self.dead_band)
        if self.kind == "DEV" and self.reference_sensor_id is None:
            raise KnownError("alarm.reference", N_("A deviation needs the tag of its set-point."))

    def _check_texts(self) -> None:
        if any(len(text) > LONGEST_NAME for text in (self.label, self.group)):
            raise KnownError("alarm.long", N_("Labels and groups have at most {most} characters."), most=LONGEST_NAME)
        if any(len(text) > LONGEST_TEXT for text in (self.owner, self.basis)):
            raise KnownError(
                "alarm.long_text", N_("Owner and basis have at most {most} characters."), most=LONGEST_TEXT
            )
        if len(self.moc_id or "") > LONGEST_NAME:
            raise KnownError("alarm.moc", N_("The MOC number has at most {most} characters."), most=LONGEST_NAME)
        texts = [self.label, self.group, self.owner, self.basis, self.moc_id or ""]
        for by_language in (self.cause, self.consequence, self.action, self.confirmation):
            texts += by_language.values()
        if any("\0" in text for text in texts) or not self.label.isprintable():
            raise KnownError("alarm.text", N_("The text has a character that cannot be stored."))


def check_distance(kind: str, setting: float | None, dead_band: float) -> None:
    """Raise `KnownError` when a rate or deviation would never clear by its dead band, given as it is compared."""
    if kind in DISTANCE_KINDS and setting is not None and dead_band >= setting:
        text = N_(
            "The dead band of an alarm of kind {kind} must be smaller than its setting, or it would never clear: "
            "lower the dead band or raise the setting."
        )
        raise KnownError("alarm.dead_band_setting", text, kind=kind)


def contradiction(
    limits: Mapping[str, float], dead_bands: Mapping[str, float], span: float | None = None
) -> str | None:
    """Why limits of one tag cannot stand together, as an English sentence to translate, or None.

    Args:
        limits: by kind (HH, H, L, LL); missing ones are not in force.
        dead_bands: by kind, in the tag's unit.
        span: of the tag, in its unit; None: unknown.
    """
    if span is not None and any(band >= span for band in dead_bands.values()):
        return N_("A dead band must be smaller than the span of its tag.")
    order = [limits[kind] for kind in ("LL", "L", "H", "HH") if kind in limits]
    if any(lower >= upper for lower, upper in pairwise(order)):
        return N_("The limits must rise in the order LL, L, H, HH.")
    lows = [limits[kind] + dead_bands.get(kind, 0.0) for kind in ("LL", "L") if kind in limits]
    highs = [limits[kind] - dead_bands.get(kind, 0.0) for kind in ("H", "HH") if kind in limits]
    if lows and highs and max(lows) >= min(highs):
        return N_("The dead bands leave no room between the low and the high limits: such an alarm would never clear.")
    return None
