"""The order in which virtual tags that use each other are computed."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from ksys_core.domain.expressions import Expression, ExpressionError
from ksys_core.i18n import N_


def evaluation_order(formulas: Mapping[str, Expression]) -> list[str]:
    """The tags of `formulas`, each after the virtual tags it reads; raises `ExpressionError` naming a circle."""
    graph = {tag: sorted(formula.tags & formulas.keys()) for tag, formula in sorted(formulas.items())}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise ExpressionError(
            "expression.circle", N_("These virtual tags use each other in a circle: {circle}."), circle=circle
        ) from error
