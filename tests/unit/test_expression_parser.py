"""The grammar of virtual tags: precedence, tag names, and mistakes with their place."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.expression_order import evaluation_order
from ksys_core.domain.expression_parser import parse
from ksys_core.domain.expressions import Binary, Call, ExpressionError, Number, TagValue, Unary, Window

TAGS = ["FEED_FLOW", "PRODUCT_FLOW", "Pump 1 [A]", "원수.유량"]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1 + 2 * 3", Binary("+", Number(1), Binary("*", Number(2), Number(3)))),
        ("8 - 2 - 1", Binary("-", Binary("-", Number(8), Number(2)), Number(1))),
        ("-2 ^ 2", Unary("-", Binary("^", Number(2), Number(2)))),
        ("2 ^ -1", Binary("^", Number(2), Unary("-", Number(1)))),
        ("2 ^ 3 ** 2", Binary("^", Number(2), Binary("^", Number(3), Number(2)))),
        ("not 1 > 2 and 1", Binary("and", Unary("not", Binary(">", Number(1), Number(2))), Number(1))),
        ("1 or 0 AND 1", Binary("or", Number(1), Binary("and", Number(0), Number(1)))),
        ("FEED_FLOW <> .5e1", Binary("!=", TagValue("FEED_FLOW"), Number(5))),
        ("[Pump 1 [A]]] = 1", Binary("==", TagValue("Pump 1 [A]"), Number(1))),
        ("원수.유량", TagValue("원수.유량")),
        ("avg(FEED_FLOW, 3600)", Window("mean", "FEED_FLOW", 3600)),
        ("integral(FEED_FLOW, 1.5h)", Window("integral", "FEED_FLOW", 5400)),
        ("min(FEED_FLOW, 10min)", Window("min", "FEED_FLOW", 600)),
        ("min(FEED_FLOW, 10)", Call("min", (TagValue("FEED_FLOW"), Number(10)))),
        ("IF(1, 2, 3)", Call("if", (Number(1), Number(2), Number(3)))),
    ],
)
def test_what_a_text_means(text: str, tree: object) -> None:
    assert parse(text, TAGS).root == tree


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("", "expression.end", 1),
        ("1 +", "expression.end", 4),
        ("1 $ 2", "expression.character", 3),
        ("(1", "expression.missing", 3),
        ("1 2", "expression.character", 3),
        ("1 < 2 < 3", "expression.character", 7),
        ("FEED_FLW + 1", "expression.tag", 1),
        ("2*avrg(FEED_FLOW, 60)", "expression.function", 3),
        ("sqrt(1, 2)", "expression.arguments", 1),
        ("mean(FEED_FLOW + 1, 60)", "expression.missing", 16),
        ("mean(FEED_FLOW, 0)", "expression.window", 17),
        ("mean(FEED_FLOW, 40d)", "expression.window", 17),
        ("and", "expression.character", 1),
        ("(" * 90 + "1" + ")" * 90, "expression.deep", None),
        ("1" + "+1" * 200, "expression.parts", None),
        ("__import__('os')", "expression.character", 12),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, code: str, position: int | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, TAGS)
    assert caught.value.code == code
    if position is not None:
        assert caught.value.params["position"] == position


def test_an_unknown_tag_names_the_nearest() -> None:
    with pytest.raises(ExpressionError, match=r"Position 5: no tag “product_flw”; did you mean “PRODUCT_FLOW”\?"):
        parse("1 + product_flw", TAGS)


@given(st.text(alphabet="AB1.5+-*/^()<>=!,[] andorifmeh", max_size=60))
def test_any_text_is_a_formula_or_a_known_mistake(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        assert parse(text).text == text


def test_tags_and_reach() -> None:
    formula = parse("A + mean(B, 1h) - delta(C, 60)")
    assert formula.tags == {"A", "B", "C"}
    assert formula.reach_s == 3600


def test_virtual_tags_are_ordered_after_what_they_use() -> None:
    formulas = {tag: parse(text) for tag, text in {"C": "B * 2", "B": "A + X", "A": "X"}.items()}
    assert evaluation_order(formulas) == ["A", "B", "C"]


@pytest.mark.parametrize("texts", [{"A": "A + 1"}, {"A": "B", "B": "mean(C, 60)", "C": "A"}])
def test_a_circle_is_refused(texts: dict[str, str]) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluation_order({tag: parse(text) for tag, text in texts.items()})
    assert caught.value.code == "expression.circle"
