"""Every forecaster KSys knows, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ksys_core.errors import KnownError
from ksys_core.forecasting.base import ModelSpec
from ksys_core.forecasting.catalogue import SINGLE
from ksys_core.forecasting.ensemble import Ensemble, EnsembleParams, EnsembleState
from ksys_core.i18n import N_

DEFAULT: Final = "ensemble"
"""What is deployed when nobody chooses."""

SPECS: Final[dict[str, ModelSpec[Any, Any]]] = {
    DEFAULT: ModelSpec(
        DEFAULT,
        N_("Ensemble (default)"),
        Ensemble(),
        EnsembleState,
        EnsembleParams,
        needs=("statsforecast", "xgboost"),
        held_out=True,
        gaps=True,
    ),
    **SINGLE,
}


def spec_named(name: str) -> ModelSpec[Any, Any]:
    """The forecaster called `name`.

    Raises:
        KnownError: there is none of that name.
    """
    if name not in SPECS:
        raise KnownError(
            "forecast.unknown_algorithm",
            N_("There is no algorithm {name}; known are {known}."),
            name=name,
            known=", ".join(SPECS),
        )
    return SPECS[name]


def in_zone(name: str, params: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """`params` with the plant's time `zone` where the forecaster `name` looks at the clock and no other is given."""
    looks = "zone" in spec_named(name).params_model.model_fields
    return {"zone": zone, **params} if looks else dict(params)


def inputs_of(name: str, params: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags that the forecaster `name` with `params` looks at beside its own."""
    found: tuple[str, ...] = getattr(spec_named(name).params_model.model_validate(dict(params)), "inputs", ())
    return found
