"""The master alarm table: one flat record an alarm, its fields, and how each is written and read as text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final, Literal, get_args

from ksys_core.domain.alarms.definition import KINDS, AlarmClass
from ksys_core.domain.alarms.matrix import SEVERITIES
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr

Key = tuple[str, str, str]
"""(tag, kind, label)"""
Value = str | float | int | bool | date | None
FieldKind = Literal["name", "text", "long", "number", "integer", "choice", "flag", "date"]
LONGEST_TEXT: Final = 2000
LONGEST_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class MasterRecord:
    """One alarm as the master table has it; (tag, kind, label) identifies it. Units as in `NewAlarmDefinition`.

    Attributes:
        limit: of HH, H, L, LL the limit in force (None: none), of other kinds the setting they compare with.
        severity: of the consequence; "" is not yet judged. The priority follows from it and `response_s`.
    """

    tag: str
    kind: str
    label: str = ""
    limit: float | None = None
    reference_tag: str = ""
    dead_band: float = 0.0
    dead_band_unit: str = "value"
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    count: int = 0
    severity: str = ""
    response_s: float | None = None
    alarm_class: str = "process"
    latching: bool = False
    realarm_s: float | None = None
    group: str = ""
    suppression: str = ""
    shelvable: bool = True
    max_shelve_s: float = 28_800.0
    cause_en: str = ""
    cause_ko: str = ""
    consequence_en: str = ""
    consequence_ko: str = ""
    action_en: str = ""
    action_ko: str = ""
    confirmation_en: str = ""
    confirmation_ko: str = ""
    escalation_en: str = ""
    escalation_ko: str = ""
    test_interval_days: int | None = None
    owner: str = ""
    basis: str = ""
    moc_id: str = ""
    review_date: date | None = None
    rationalised: bool = False
    enabled: bool = True

    @property
    def key(self) -> Key:
        return self.tag, self.kind, self.label

    @property
    def has_action(self) -> bool:
        """Whether there is anything to do about it."""
        return bool(self.action_en or self.action_ko)


@dataclass(frozen=True, slots=True)
class Field:
    """One column: `title` in English (marked for translation) as the dialog shows it, how it is written.

    Attributes:
        choices: values of a "choice", with their English words.
        optional: may be empty, which is None (of texts: "").
    """

    name: str
    title: str
    kind: FieldKind
    choices: tuple[tuple[str, str], ...] = ()
    optional: bool = False


_CLASSES: Final[Mapping[str, str]] = {
    "process": N_("process"),
    "safety": N_("safety"),
    "environmental": N_("environment"),
    "quality": N_("product quality"),
    "asset": N_("equipment"),
    "hma": N_("highly managed"),
}
SEVERITY_WORDS: Final[Mapping[str, str]] = {"minor": N_("minor"), "major": N_("major"), "severe": N_("severe")}
FIELDS: Final[tuple[Field, ...]] = (
    Field("tag", N_("Tag"), "name"),
    Field("kind", N_("Kind"), "choice", tuple((kind, kind) for kind in KINDS)),
    Field("label", N_("Label"), "name", optional=True),
    Field("limit", N_("Limit"), "number", optional=True),
    Field("reference_tag", N_("Set-point tag"), "name", optional=True),
    Field("dead_band", N_("Dead band"), "number"),
    Field(
        "dead_band_unit", N_("Dead band in"), "choice", (("value", N_("unit of the tag")), ("span", N_("% of span")))
    ),
    Field("on_delay_s", N_("On-delay (s)"), "number"),
    Field("off_delay_s", N_("Off-delay (s)"), "number"),
    Field("count", N_("Entries that count"), "integer"),
    Field(
        "severity",
        N_("Severity of the consequence"),
        "choice",
        (("", N_("not judged")), *SEVERITY_WORDS.items()),
        optional=True,
    ),
    Field("response_s", N_("Maximum time to respond (s)"), "number", optional=True),
    Field("alarm_class", N_("Class"), "choice", tuple((name, _CLASSES[name]) for name in get_args(AlarmClass))),
    Field("latching", N_("Latching"), "flag"),
    Field("realarm_s", N_("Sounds again after (s)"), "number", optional=True),
    Field("group", N_("Group"), "name", optional=True),
    Field("suppression", N_("Suppressed while"), "text", optional=True),
    Field("shelvable", N_("May be shelved"), "flag"),
    Field("max_shelve_s", N_("Longest shelf (s)"), "number"),
    Field("cause_en", N_("Cause (English)"), "long", optional=True),
    Field("cause_ko", N_("Cause (Korean)"), "long", optional=True),
    Field("consequence_en", N_("Consequence (English)"), "long", optional=True),
    Field("consequence_ko", N_("Consequence (Korean)"), "long", optional=True),
    Field("action_en", N_("Corrective action (English)"), "long", optional=True),
    Field("action_ko", N_("Corrective action (Korean)"), "long", optional=True),
    Field("confirmation_en", N_("Confirmation (English)"), "long", optional=True),
    Field("confirmation_ko", N_("Confirmation (Korean)"), "long", optional=True),
    Field("escalation_en", N_("Escalation (English)"), "long", optional=True),
    Field("escalation_ko", N_("Escalation (Korean)"), "long", optional=True),
    Field("test_interval_days", N_("Test interval (days)"), "integer", optional=True),
    Field("owner", N_("Owner"), "text", optional=True),
    Field("basis", N_("Basis"), "text", optional=True),
    Field("moc_id", N_("MOC number"), "name", optional=True),
    Field("review_date", N_("Next review"), "date", optional=True),
    Field("rationalised", N_("Rationalised"), "flag"),
    Field("enabled", N_("In use"), "flag"),
)
BY_NAME: Final[Mapping[str, Field]] = {field.name: field for field in FIELDS}
KEY_FIELDS: Final = ("tag", "kind", "label")
TEXT_PARTS: Final = ("cause", "consequence", "action", "confirmation", "escalation")
"""Fields with a text for each language."""
_TRUE: Final = frozenset({"true", "yes", "1", "예", "네"})
_FALSE: Final = frozenset({"false", "no", "0", "아니오", "아니요"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of a record."""

    field: str
    error: KnownError


def written(field: Field, value: Value) -> str:
    """The text of a value, as a file and a dialog have it: exact, the same in every language."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def parsed(field: Field, text: str) -> Value:
    """The value of a text that a person typed, or a file has.

    Raises:
        KnownError: it is none; it names the field and says what to write.
    """
    text = text.strip()
    if not text and field.optional:
        return "" if field.kind in ("name", "text", "long", "choice") else None
    if not text:
        raise _error(field, N_("{field} is missing."), "")
    if field.kind in ("number", "integer"):
        return _number(field, text)
    if field.kind == "flag":
        return _flag(field, text)
    if field.kind == "date":
        return _date(field, text)
    if field.kind == "choice":
        return _choice(field, text)
    return _text(field, text)


def with_values(record: MasterRecord, values: Mapping[str, Value]) -> MasterRecord:
    """`record` with other values; names are those of its fields."""
    given: dict[str, Any] = dict(values)
    return replace(record, **given)


def changes(was: MasterRecord, becomes: MasterRecord) -> tuple[str, ...]:
    """Names of the fields that differ."""
    return tuple(f.name for f in fields(MasterRecord) if getattr(was, f.name) != getattr(becomes, f.name))


def _error(field: Field, text: str, typed: str, **more: object) -> KnownError:
    shown = typed if len(typed) <= 40 else typed[:40] + "…"
    return KnownError(f"alarm.field.{field.name}", text, field=tr(field.title), typed=shown, **more)


def _number(field: Field, text: str) -> float | int:
    try:
        value = float(text.replace("\u2212", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _error(field, N_("{field}: “{typed}” is no number. Write it like 12.5."), text)
    if field.kind == "number":
        return value
    if not value.is_integer() or abs(value) > 1e9:
        raise _error(field, N_("{field}: “{typed}” is no whole number."), text)
    return int(value)


def _flag(field: Field, text: str) -> bool:
    said = text.casefold()
    if said not in _TRUE | _FALSE:
        raise _error(field, N_("{field}: write true or false, not “{typed}”."), text)
    return said in _TRUE


def _date(field: Field, text: str) -> date:
    try:
        return date.fromisoformat(text[:10] if text[10:] in ("", " 00:00:00", "T00:00:00") else text)
    except ValueError as error:
        raise _error(field, N_("{field}: “{typed}” is no date. Write it like 2026-11-23."), text) from error


def _choice(field: Field, text: str) -> str:
    allowed = {value.casefold(): value for value, _word in field.choices}
    if text.casefold() not in allowed:
        known = ", ".join(value for value, _word in field.choices if value)
        raise _error(field, N_("{field}: “{typed}” is none of {known}."), text, known=known)
    return allowed[text.casefold()]


def _text(field: Field, text: str) -> str:
    most = LONGEST_NAME if field.kind == "name" and field.name not in ("tag", "reference_tag") else LONGEST_TEXT
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > most:
        raise _error(
            field, N_("{field}: the text has {length} characters; at most {most} are kept. Please shorten it."), text,
            length=len(text), most=most,
        )  # fmt: skip
    if any(unicodedata.category(c) in ("Cc", "Cs") and (c not in "\n\t" or field.kind == "name") for c in text):
        raise _error(field, N_("{field}: the text has a character that cannot be stored. Remove it."), "")
    return text


assert tuple(f.name for f in fields(MasterRecord)) == tuple(field.name for field in FIELDS)
assert tuple(SEVERITY_WORDS) == SEVERITIES
