"""Text to formula: a recursive-descent parser that names the position of every mistake.

Grammar, loosest first: ``or``, ``and``, ``not``, one comparison, ``+ -``, ``* /``, sign, ``^`` (to the right).
A tag is an identifier or any name in brackets (``]]`` stands for a bracket). A duration is a number of seconds, or
one with ``s``, ``min``, ``h`` or ``d``; ``min`` and ``max`` over time need the unit, since ``min(A, 60)`` compares.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Final

from ksys_core.domain.expression_tokens import Token, seconds_of, tokens
from ksys_core.domain.expressions import (
    FUNCTION_ARITY,
    WINDOW_NAMES,
    Binary,
    Call,
    Expression,
    ExpressionError,
    Node,
    Number,
    TagValue,
    Unary,
    Window,
)
from ksys_core.i18n import N_

LONGEST: Final = 2000
MOST_PARTS: Final = 200
DEEPEST: Final = 60
LONGEST_WINDOW_S: Final = 31 * 86400.0

_COMPARISONS: Final = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "==", "==": "==", "!=": "!=", "<>": "!="}
_KEYWORDS: Final = frozenset({"and", "or", "not"})
_ALIASES: Final = {"avg": "mean"}


def parse(text: str, known_tags: Collection[str] | None = None) -> Expression:
    """The formula that `text` says.

    Args:
        text: the formula.
        known_tags: names that may be used; None accepts every name.

    Raises:
        ExpressionError: with the position of the mistake, and for an unknown tag the nearest known one.
    """
    if len(text) > LONGEST:
        raise ExpressionError("expression.long", N_("The formula has more than {limit} characters."), limit=LONGEST)
    return Expression(text, _Parser(tokens(text), known_tags).whole())


class _Parser:
    def __init__(self, tokens: list[Token], known_tags: Collection[str] | None) -> None:
        self._tokens = tokens
        self._known = known_tags
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        if len(self._tokens) > MOST_PARTS:
            raise ExpressionError("expression.parts", N_("The formula has more than {limit} parts."), limit=MOST_PARTS)
        node = self._or()
        if self._next.kind != "end":
            raise self._unexpected()
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> str | None:
        """The text of the next sign or keyword when it is one of `texts`; then it is passed."""
        token = self._next
        text = token.text.lower() if token.kind == "name" else token.text
        if token.kind not in ("sign", "name") or text not in texts:
            return None
        self._at += 1
        return text

    def _expect(self, text: str) -> None:
        if self._take(text) is None:
            raise self._unexpected(text)

    def _or(self) -> Node:
        node = self._and()
        while self._take("or"):
            node = Binary("or", node, self._and())
        return node

    def _and(self) -> Node:
        node = self._not()
        while self._take("and"):
            node = Binary("and", node, self._not())
        return node

    def _not(self) -> Node:
        self._enter()
        node = Unary("not", self._not()) if self._take("not") else self._comparison()
        self._depth -= 1
        return node

    def _comparison(self) -> Node:
        node = self._sum()
        if operator := self._take(*_COMPARISONS):
            return Binary(_COMPARISONS[operator], node, self._sum())
        return node

    def _sum(self) -> Node:
        node = self._product()
        while operator := self._take("+", "-"):
            node = Binary(operator, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._signed()
        while operator := self._take("*", "/"):
            node = Binary(operator, node, self._signed())
        return node

    def _signed(self) -> Node:
        self._enter()
        if operator := self._take("-", "+"):
            operand = self._signed()
            node = Unary("-", operand) if operator == "-" else operand
        else:
            node = self._power()
        self._depth -= 1
        return node

    def _power(self) -> Node:
        base = self._primary()
        return Binary("^", base, self._signed()) if self._take("^", "**") else base

    def _primary(self) -> Node:
        token = self._next
        if self._take("("):
            node = self._or()
            self._expect(")")
            return node
        if token.kind == "number":
            self._at += 1
            return Number(float(token.text))
        if token.kind == "name" and self._tokens[self._at + 1].text == "(" and token.text.lower() not in _KEYWORDS:
            self._at += 1
            return self._call(token)
        return TagValue(self._tag())

    def _tag(self) -> str:
        token = self._next
        if token.kind == "bracket":
            name = token.text[1:-1].replace("]]", "]").strip()
        elif token.kind == "name" and token.text.lower() not in _KEYWORDS:
            name = token.text
        else:
            raise self._unexpected()
        self._at += 1
        if self._known is not None and name not in self._known:
            raise _unknown_name(token.position, name, self._known, tag=True)
        return name

    def _call(self, name: Token) -> Node:
        function = _ALIASES.get(name.text.lower(), name.text.lower())
        if function not in FUNCTION_ARITY and function not in WINDOW_NAMES:
            raise _unknown_name(name.position, name.text, {*FUNCTION_ARITY, *WINDOW_NAMES, *_ALIASES}, tag=False)
        self._expect("(")
        if function in WINDOW_NAMES and (function not in FUNCTION_ARITY or self._window_follows()):
            return self._window(function)
        arguments = [self._or()]
        while self._take(","):
            arguments.append(self._or())
        self._expect(")")
        least, most = FUNCTION_ARITY[function]
        if not least <= len(arguments) <= most:
            raise ExpressionError(
                "expression.arguments",
                N_("Position {position}: {function} takes {least} to {most} arguments, not {given}."),
                position=name.position,
                function=function,
                least=least,
                most=most,
                given=len(arguments),
            )
        return Call(function, tuple(arguments))

    def _window_follows(self) -> bool:
        """True for ``TAG, duration)`` ahead."""
        first, comma, second = (
            self._tokens[self._at : self._at + 3] if self._at + 3 <= len(self._tokens) else [None] * 3
        )
        return (
            first is not None
            and comma is not None
            and second is not None
            and first.kind in ("name", "bracket")
            and comma.text == ","
            and second.kind == "duration"
        )

    def _window(self, function: str) -> Window:
        tag = self._tag()
        self._expect(",")
        token = self._next
        if token.kind not in ("number", "duration"):
            raise self._unexpected()
        self._at += 1
        seconds = seconds_of(token.text)
        if not 0 < seconds <= LONGEST_WINDOW_S:
            raise ExpressionError(
                "expression.window",
                N_("Position {position}: a window is longer than 0 s and at most {days} days."),
                position=token.position,
                days=round(LONGEST_WINDOW_S / 86400),
            )
        self._expect(")")
        return Window(function, tag, seconds)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(
                "expression.deep",
                N_("Position {position}: the formula is nested too deeply."),
                position=self._next.position,
            )

    def _unexpected(self, wanted: str = "") -> ExpressionError:
        token = self._next
        if wanted:
            return ExpressionError(
                "expression.missing",
                N_("Position {position}: “{wanted}” is missing."),
                position=token.position,
                wanted=wanted,
            )
        if token.kind == "end":
            return ExpressionError(
                "expression.end", N_("Position {position}: the formula ends too early."), position=token.position
            )
        return ExpressionError(
            "expression.character",
            N_("Position {position}: “{found}” can't stand here."),
            position=token.position,
            found=token.text,
        )


def _unknown_name(position: int, name: str, known: Collection[str], *, tag: bool) -> ExpressionError:
    folded = {other.casefold(): other for other in sorted(known)}
    nearest = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)]
    what = "tag" if tag else "function"
    if nearest:
        text = {
            "tag": N_("Position {position}: no tag “{name}”; did you mean “{nearest}”?"),
            "function": N_("Position {position}: no function “{name}”; did you mean “{nearest}”?"),
        }[what]
        return ExpressionError(f"expression.{what}", text, position=position, name=name, nearest=nearest[0])
    text = {
        "tag": N_("Position {position}: no tag “{name}”."),
        "function": N_("Position {position}: no function “{name}”."),
    }[what]
    return ExpressionError(f"expression.{what}", text, position=position, name=name)
