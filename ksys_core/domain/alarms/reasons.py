"""Why an alarm is suppressed, and what was changed of it: data in no language, put into words for whoever reads it.

Texts from before there was such data are words already and stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

from ksys_core.areas import area_title
from ksys_core.domain.alarms.change_words import change_words
from ksys_core.i18n import N_, tr

HIDDEN_MARK: Final = '{"hidden_by": '
_OF_THE_SYSTEM: Final = frozenset({"ATTR", "RTN", "SUPR", "UNSUPR"})
"""Entries whose reason is data, which nobody types."""
CHANGE_MARK: Final = '{"changed" : '
DISABLED: Final = '{"ended": "disabled"}'
"""How a reason that is data begins, or all of it."""
HOLDS_OFF: Final = N_(" (over, hold-off {n} s)")
MAINTENANCE_OF: Final = N_("Maintenance of {area}: {reason}")
WAITS: Final = N_(" - over, waits to return")
NOT_IN_USE: Final = N_("Not in use any more")


@dataclass(frozen=True, slots=True)
class ByRule:
    """A rule hides it; `hold_off_s` while its hold-off runs."""

    rule: str
    title: Mapping[str, str]
    condition: str
    hold_off_s: float | None = None

    def words(self) -> str:
        text = f"{self.rule} {tr.pick(dict(self.title))}: {self.condition}"
        return text if self.hold_off_s is None else text + tr(HOLDS_OFF, n=f"{self.hold_off_s:g}")


@dataclass(frozen=True, slots=True)
class ByMaintenance:
    """Its area is under maintenance."""

    maintenance: str
    area: str
    reason: str
    by: str

    def words(self) -> str:
        said = tr(MAINTENANCE_OF, area=area_title(self.area), reason=self.reason)
        return f"{self.maintenance} {said} ({self.by})"


@dataclass(frozen=True, slots=True)
class InWords:
    """A text from before."""

    text: str

    def words(self) -> str:
        return self.text


Cause = ByRule | ByMaintenance | InWords


def written(causes: Sequence[Cause], *, over: bool = False) -> str:
    """As it is stored; `over`: nothing hides it any more, and it waits for its place to return."""
    return json.dumps({"hidden_by": [asdict(cause) for cause in causes], "over": over}, ensure_ascii=False)


def read(text: str) -> tuple[tuple[Cause, ...], bool]:
    """The causes, and whether they are over."""
    if not text.startswith(HIDDEN_MARK):
        return ((InWords(text),) if text else ()), False
    try:
        found = json.loads(text)
        return tuple(_cause(each) for each in found["hidden_by"]), bool(found["over"])
    except (ValueError, TypeError, KeyError):
        return (InWords(text),), False


def reason_words(text: str) -> str:
    """What is stored as a reason, in the reader's language."""
    if text.startswith(HIDDEN_MARK):
        return _words(text, tr.language)
    if text.startswith(CHANGE_MARK):
        return _changes(text)
    return tr(NOT_IN_USE) if text == DISABLED else text


def journal_words(kind: str, text: str) -> str:
    """The reason of a journal entry: what a person has typed stays as it is, whatever it looks like."""
    return reason_words(text) if kind in _OF_THE_SYSTEM else text


def _changes(text: str) -> str:
    """What the journal keeps of an attribute's change: the values before and after by column, and why."""
    try:
        found = json.loads(text)
        before = {name: was for name, (was, _) in found["changed"].items()}
        words = change_words(before, {name: becomes for name, (_, becomes) in found["changed"].items()})
        return f"{words} ({found['reason']})" if found["reason"] else words
    except (ValueError, TypeError, KeyError, AttributeError):
        return text


@lru_cache(maxsize=1024)
def _words(text: str, _language: str) -> str:
    """Thousands of alarms are hidden by the same rule."""
    causes, over = read(text)
    return "; ".join(cause.words() for cause in causes) + (tr(WAITS) if over else "")


def _cause(found: Mapping[str, Any]) -> Cause:
    if "rule" in found:
        return ByRule(**found)
    return ByMaintenance(**found) if "maintenance" in found else InWords(**found)
