"""Formulas of virtual tags: the tree they are parsed into, and what is known of it without any data.

`ksys_core.domain.expression_parser` makes the tree from text, `ksys_core.domain.expression_values` computes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ksys_core.errors import KnownError

WINDOW_NAMES: Final = ("mean", "sum", "min", "max", "std", "count", "integral", "delta")
FUNCTION_ARITY: Final[dict[str, tuple[int, int]]] = {
    "abs": (1, 1),
    "sqrt": (1, 1),
    "log": (1, 1),
    "exp": (1, 1),
    "round": (1, 2),
    "min": (2, 16),
    "max": (2, 16),
    "if": (3, 3),
}
"""Least and greatest number of arguments of each function of values."""


class ExpressionError(KnownError):
    """A formula can't be understood; `params` has ``position`` (1 is the first character) where one is known."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class TagValue:
    """The newest reading of a tag."""

    tag: str


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` or ``not x``."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison or ``and``/``or`` of two values."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function of values at one instant."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """A function of one tag's readings over the last `seconds`."""

    function: str
    tag: str
    seconds: float


Node = Number | TagValue | Unary | Binary | Call | Window


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed formula."""

    text: str
    root: Node

    @property
    def tags(self) -> frozenset[str]:
        """Names of the tags the formula reads."""
        return frozenset(node.tag for node in walk(self.root) if isinstance(node, TagValue | Window))

    @property
    def reach_s(self) -> float:
        """How far back from an instant its windows look, seconds."""
        return max((node.seconds for node in walk(self.root) if isinstance(node, Window)), default=0.0)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    match node:
        case Unary():
            yield from walk(node.operand)
        case Binary():
            yield from walk(node.left)
            yield from walk(node.right)
        case Call():
            for argument in node.arguments:
                yield from walk(argument)
        case _:
            pass
