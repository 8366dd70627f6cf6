"""Values of a formula on a grid of instants, with the worst quality of what went into each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from ksys_core.domain.expressions import Binary, Call, Expression, Node, Number, TagValue, Unary, Window
from ksys_core.domain.quality import GOOD, usable
from ksys_core.domain.series import Series, TimeArray, ValueArray
from ksys_core.domain.times import SECOND
from ksys_core.domain.window_values import Column, newest_at, window_at

_ARITHMETIC: Final[dict[str, Callable[[ValueArray, ValueArray], ValueArray]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.float_power,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_FUNCTIONS: Final[dict[str, Callable[[ValueArray], ValueArray]]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
}


def evaluate(expression: Expression, grid: TimeArray, inputs: Mapping[str, Series], gap_limit_s: float) -> Series:
    """The formula's value at every instant of `grid`.

    A BAD input gives BAD with NaN, so does a result that is not a finite number (division by zero, log of 0).
    Comparisons and logic give 1 or 0. ``if`` has the quality of its condition and of the branch it took.

    Args:
        expression: the parsed formula.
        grid: int64 ns UTC, strictly rising.
        inputs: readings of every tag it names, reaching back `Expression.reach_s` plus three gap limits before `grid`.
        gap_limit_s: seconds after which a reading no longer stands for the present.
    """
    with np.errstate(all="ignore"):
        column = _Evaluation(grid, inputs, round(gap_limit_s * SECOND)).of(expression.root)
    return Series.of(grid, column.v, column.quality)


class _Evaluation:
    def __init__(self, grid: TimeArray, inputs: Mapping[str, Series], gap_limit: int) -> None:
        self._grid = grid
        self._inputs = inputs
        self._gap_limit = gap_limit

    def of(self, node: Node) -> Column:
        match node:
            case Number():
                return Column(np.full(len(self._grid), node.value), np.full(len(self._grid), GOOD, np.uint8))
            case TagValue():
                return newest_at(self._inputs[node.tag], self._grid, self._gap_limit)
            case Window():
                readings = self._inputs[node.tag]
                return window_at(node.function, readings, self._grid, round(node.seconds * SECOND), self._gap_limit)
            case Unary():
                operand = self.of(node.operand)
                return Column(-operand.v if node.operator == "-" else _truth(operand.v == 0), operand.quality).cleaned()
            case Binary():
                return _binary(node.operator, self.of(node.left), self.of(node.right))
            case Call():
                return _call(node.function, [self.of(argument) for argument in node.arguments])


def _truth(values: ValueArray | np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> ValueArray:
    return np.asarray(values, dtype=np.float64)


def _binary(operator: str, left: Column, right: Column) -> Column:
    if operator in ("and", "or"):
        both = np.logical_and if operator == "and" else np.logical_or
        values = _truth(both(left.v != 0, right.v != 0))
    else:
        values = _truth(_ARITHMETIC[operator](left.v, right.v))
    return Column(values, np.minimum(left.quality, right.quality)).cleaned()


def _call(function: str, arguments: list[Column]) -> Column:
    first = arguments[0]
    if function == "if":
        taken = first.v != 0
        values = np.where(taken, arguments[1].v, arguments[2].v)
        quality = np.where(taken, arguments[1].quality, arguments[2].quality)
        return Column(
            values, np.where(usable(first.quality), np.minimum(quality, first.quality), first.quality)
        ).cleaned()
    quality = np.minimum.reduce([argument.quality for argument in arguments])
    if function in ("min", "max"):
        reduce = np.minimum if function == "min" else np.maximum
        return Column(reduce.reduce([argument.v for argument in arguments]), quality).cleaned()
    if function == "round":
        scale = np.float_power(10.0, np.round(arguments[1].v)) if len(arguments) > 1 else np.ones(len(first.v))
        return Column(np.round(first.v * scale) / scale, quality).cleaned()
    return Column(_FUNCTIONS[function](first.v), quality).cleaned()
