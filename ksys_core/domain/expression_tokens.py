"""Text of a formula to tokens."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ksys_core.domain.expressions import ExpressionError
from ksys_core.i18n import N_

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<duration>(?:\d+\.?\d*|\.\d+)(?:min|s|h|d)\b)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<bracket>\[(?:[^\]]|\]\])+\](?!\]))
      | (?P<name>[^\W\d]\w*(?:\.\w+)*)
      | (?P<sign>\*\*|<=|>=|==|!=|<>|[-+*/^()<>=,])
    )""",
    re.VERBOSE,
)
_UNIT_S: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class Token(NamedTuple):
    """A piece of text of one kind; position 1 is the first character."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, closed by one of kind ``end``; raises `ExpressionError` at what is none."""
    found: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(
                "expression.character",
                N_("Position {position}: “{found}” can't stand here."),
                position=at + 1,
                found=text[at],
            )
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        at = match.end()
    found.append(Token("end", "", end + 1))
    return found


def seconds_of(text: str) -> float:
    """Seconds of a number or duration token: ``90``, ``1.5h``."""
    unit = re.search(r"[a-z]+$", text)
    if unit is None or unit[0] not in _UNIT_S:
        return float(text)
    return float(text[: unit.start()]) * _UNIT_S[unit[0]]
