"""Values of virtual tags: against an interpreter that goes instant by instant, and at the edges that matter."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.domain.expression_parser import parse
from ksys_core.domain.expression_values import evaluate
from ksys_core.domain.expressions import Binary, Call, Node, Number, TagValue, Unary, Window
from ksys_core.domain.quality import BAD, BAD_COMM_FAILURE, GOOD, UNCERTAIN, UNCERTAIN_LAST_USABLE
from ksys_core.domain.series import Series
from ksys_core.domain.times import SECOND

GAP_S = 50
Value = tuple[float, int]
LOST: Value = (math.nan, BAD)


def clean(value: float, quality: int) -> Value:
    if quality < UNCERTAIN:
        return math.nan, quality
    return (value, quality) if math.isfinite(value) else LOST


class Naive:
    """One instant at a time, one reading at a time, seconds as floats."""

    def __init__(self, inputs: dict[str, Series]) -> None:
        self.readings = {
            tag: [
                (t / SECOND, v, int(q)) for t, v, q in zip(s.t.tolist(), s.v.tolist(), s.quality.tolist(), strict=True)
            ]
            for tag, s in inputs.items()
        }

    def value(self, node: Node, now: float) -> Value:
        match node:
            case Number():
                return node.value, GOOD
            case TagValue():
                return self.newest(node.tag, now)
            case Window():
                return self.window(node, now)
            case Unary():
                v, q = self.value(node.operand, now)
                return clean(-v if node.operator == "-" else float(v == 0), q)
            case Binary():
                return self.binary(node, now)
            case Call():
                return self.call(node, now)

    def newest(self, tag: str, now: float) -> Value:
        before = [reading for reading in self.readings[tag] if reading[0] <= now]
        if not before or now - before[-1][0] > 3 * GAP_S:
            return math.nan, BAD_COMM_FAILURE
        t, v, q = before[-1]
        return clean(v, min(q, UNCERTAIN_LAST_USABLE) if now - t > GAP_S else q)

    def binary(self, node: Binary, now: float) -> Value:
        (a, qa), (b, qb) = self.value(node.left, now), self.value(node.right, now)
        quality = min(qa, qb)
        if quality < UNCERTAIN:
            return math.nan, quality
        if node.operator == "/":
            return clean(a / b, quality) if b else LOST
        results = {"+": a + b, "-": a - b, "*": a * b, "<": a < b, ">=": a >= b}
        logic = {"and": a != 0 and b != 0, "or": a != 0 or b != 0}
        result = float((results | logic)[node.operator])
        return clean(result, quality)

    def call(self, node: Call, now: float) -> Value:
        values = [self.value(argument, now) for argument in node.arguments]
        if node.function == "if":
            v, q = values[1] if values[0][0] != 0 else values[2]
            condition = values[0][1]
            return clean(v, condition if condition < UNCERTAIN else min(q, condition))
        quality = min(q for _, q in values)
        if quality < UNCERTAIN:
            return math.nan, quality
        plain = [v for v, _ in values]
        if node.function == "sqrt":
            return clean(math.sqrt(plain[0]), quality) if plain[0] >= 0 else LOST
        return clean(
            {"abs": lambda: abs(plain[0]), "min": lambda: min(plain), "max": lambda: max(plain)}[node.function](),
            quality,
        )

    def window(self, node: Window, now: float) -> Value:
        begin = now - node.seconds
        if node.function == "delta":
            (a, qa), (b, qb) = self.newest(node.tag, now), self.newest(node.tag, begin)
            return clean(a - b, min(qa, qb))
        readings = self.readings[node.tag]
        kept = [(t, v, q) for t, v, q in readings if q >= UNCERTAIN]
        inside = [(t, v, q) for t, v, q in kept if begin < t <= now]
        if node.function == "count":
            return float(len(inside)), GOOD
        used = inside
        if node.function == "integral":
            used = [r for r in kept if r[0] <= begin and begin - r[0] < GAP_S][-1:] + inside
        if not used:
            return math.nan, BAD_COMM_FAILURE
        quality = min(q for _, _, q in used)
        if self.flagged(readings, kept, begin, now):
            quality = min(quality, UNCERTAIN)
        if node.function == "integral":
            return clean(self.integral(kept, begin, now), quality)
        values = [v for _, v, _ in inside]
        mean = sum(values) / len(values)
        functions: dict[str, Callable[[], float]] = {
            "mean": lambda: mean,
            "sum": lambda: sum(values),
            "min": lambda: min(values),
            "max": lambda: max(values),
            "std": lambda: (
                math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1)) if len(values) > 1 else math.nan
            ),
        }
        return clean(functions[node.function](), quality)

    def flagged(
        self, readings: list[tuple[float, float, int]], kept: list[tuple[float, float, int]], begin: float, now: float
    ) -> bool:
        if any(q < UNCERTAIN and begin < t <= now for t, _, q in readings):
            return True
        before = [t for t, _, _ in kept if t <= begin][-1:]
        marks = before + [t for t, _, _ in kept if begin < t <= now]
        if not before:
            marks = [begin, *marks]
        return any(b - a > GAP_S for a, b in zip(marks, [*marks[1:], now], strict=True))

    def integral(self, kept: list[tuple[float, float, int]], begin: float, now: float) -> float:
        seen = [(t, v) for t, v, _ in kept if t <= now]
        total = 0.0
        for (t, v), following in zip(seen, [*seen[1:], None], strict=True):
            end = now if following is None else following[0]
            if following is None or end - t > GAP_S:
                low, high = max(t, begin), min(end, t + GAP_S)
                total += v * max(high - low, 0.0)
            elif end > begin:
                low = max(t, begin)
                slope = (following[1] - v) / (end - t)
                total += (v + slope * (low - t) + following[1]) / 2 * (end - low)
        return total


def series() -> st.SearchStrategy[Series]:
    reading = st.tuples(
        st.integers(1, 90),
        st.integers(-20, 20).map(lambda n: n / 4),
        st.sampled_from([GOOD, GOOD, GOOD, UNCERTAIN, BAD]),
    )

    def build(steps: list[tuple[int, float, int]]) -> Series:
        t = np.cumsum([step for step, _, _ in steps]).astype(np.int64) * SECOND
        return Series.of(t, [math.nan if q == BAD else v for _, v, q in steps], [q for _, _, q in steps])

    return st.lists(reading, max_size=25).map(build)


def nodes() -> st.SearchStrategy[Node]:
    tag = st.sampled_from(["A", "B"])
    windows = st.sampled_from(["mean", "sum", "min", "max", "std", "count", "integral", "delta"])
    leaf: st.SearchStrategy[Node] = st.one_of(
        st.integers(-8, 8).map(lambda n: Number(n / 2)),
        tag.map(TagValue),
        st.builds(Window, windows, tag, st.integers(1, 300).map(float)),
    )

    def grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        return st.one_of(
            st.builds(Unary, st.sampled_from(["-", "not"]), inner),
            st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "<", ">=", "and", "or"]), inner, inner),
            st.builds(Call, st.sampled_from(["abs", "sqrt"]), st.tuples(inner)),
            st.builds(Call, st.sampled_from(["min", "max"]), st.tuples(inner, inner)),
            st.builds(Call, st.just("if"), st.tuples(inner, inner, inner)),
        )

    return st.recursive(leaf, grow, max_leaves=6)


def written(node: Node) -> str:
    match node:
        case Number():
            return repr(node.value) if node.value >= 0 else f"(0 - {-node.value!r})"
        case TagValue():
            return f"[{node.tag}]"
        case Window():
            return f"{node.function}({node.tag}, {node.seconds!r}s)"
        case Unary():
            return f"({node.operator} {written(node.operand)})"
        case Binary():
            return f"({written(node.left)} {node.operator} {written(node.right)})"
        case Call():
            return f"{node.function}({', '.join(map(written, node.arguments))})"


@settings(max_examples=400, deadline=None)
@given(nodes(), series(), series(), st.lists(st.integers(0, 1200), min_size=1, max_size=12, unique=True))
def test_values_agree_with_an_interpreter_that_goes_one_by_one(
    node: Node, a: Series, b: Series, instants: list[int]
) -> None:
    inputs = {"A": a, "B": b}
    formula = parse(written(node))
    grid = np.array(sorted(instants), dtype=np.int64) * SECOND
    naive = Naive(inputs)
    expected = [naive.value(formula.root, now) for now in sorted(instants)]
    got = evaluate(formula, grid, inputs, GAP_S)
    if discontinuous(node):
        return
    np.testing.assert_array_equal(got.quality, [q for _, q in expected])
    np.testing.assert_allclose(got.v, [v for v, _ in expected], rtol=1e-6, atol=1e-6)


def discontinuous(node: Node) -> bool:
    """True where rounding of a mean, deviation or area may tip a comparison, a division or a root."""
    rounded = {"mean", "std", "integral", "sum"}
    match node:
        case Binary() if node.operator not in ("+", "-", "*"):
            return uses(node, rounded) or discontinuous(node.left) or discontinuous(node.right)
        case Binary():
            return discontinuous(node.left) or discontinuous(node.right)
        case Unary():
            return (node.operator == "not" and uses(node, rounded)) or discontinuous(node.operand)
        case Call():
            tipping = node.function in ("if", "sqrt") and uses(node, rounded)
            return tipping or any(discontinuous(argument) for argument in node.arguments)
        case _:
            return False


def uses(node: Node, functions: set[str]) -> bool:
    match node:
        case Window():
            return node.function in functions
        case Unary():
            return uses(node.operand, functions)
        case Binary():
            return uses(node.left, functions) or uses(node.right, functions)
        case Call():
            return any(uses(argument, functions) for argument in node.arguments)
        case _:
            return False


def at(text: str, seconds: float, gap_s: float = 120, **tags: Series) -> tuple[float, int]:
    result = evaluate(parse(text), np.array([round(seconds * SECOND)]), tags, gap_s)
    return float(result.v[0]), int(result.quality[0])


def steady(value: float, *seconds: float) -> Series:
    return Series.of([round(s * SECOND) for s in seconds], [value] * len(seconds))


def test_a_dead_input_is_last_usable_and_then_bad() -> None:
    flow = steady(6, 0)
    assert at("A", 120, A=flow) == (6, GOOD)
    assert at("A", 121, A=flow) == (6, UNCERTAIN_LAST_USABLE)
    value, quality = at("A + 1", 361, A=flow)
    assert math.isnan(value)
    assert quality == BAD_COMM_FAILURE


@pytest.mark.parametrize("text", ["1 / (A - 6)", "log(A - 6)", "sqrt(A - 7)", "exp(A * 1000)", "(A - 6) ^ -1"])
def test_what_has_no_value_is_bad(text: str) -> None:
    value, quality = at(text, 0, A=steady(6, 0))
    assert math.isnan(value)
    assert quality == BAD


def test_a_volume_is_not_made_up_over_a_gap() -> None:
    """The predecessor filled a 45-min gap with the value after it (330 where 12 samples of 6 a minute were seen)."""
    minutes = [*range(0, 6), *range(51, 57)]
    flow = steady(6, *(60 * minute for minute in minutes))
    volume, quality = at("integral(A, 1h) / 60", 56 * 60, gap_s=120, A=flow)
    assert volume == pytest.approx(6 * (5 + 2 + 5))
    assert quality == UNCERTAIN


def test_a_whole_hour_integrates_exactly() -> None:
    ramp = Series.of([s * SECOND for s in range(0, 7201, 10)], [s / 10 for s in range(0, 7201, 10)])
    volume, quality = at("integral(A, 3600)", 7200, A=ramp)
    assert volume == pytest.approx(540 * 3600)
    assert quality == GOOD


def test_the_result_does_not_depend_on_later_readings() -> None:
    seen = steady(4, 0, 60, 110)
    more = Series.of([*seen.t, 170 * SECOND], [4, 4, 4, 99])
    for text in ("A", "mean(A, 2min)", "integral(A, 2min)", "delta(A, 1min)", "max(A, 2min)"):
        assert at(text, 130, A=seen) == at(text, 130, A=more)
