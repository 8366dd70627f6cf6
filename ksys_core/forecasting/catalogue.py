"""Every forecaster of one kind of model, by name; what combines them is in `registry`."""

from __future__ import annotations

from typing import Any, Final

from ksys_core.forecasting import arima, ets, mstl, ridge, theta
from ksys_core.forecasting.base import ModelSpec, NoParams
from ksys_core.forecasting.baselines import Drift, Naive, SeasonalNaive, Spread
from ksys_core.forecasting.boosting.engine import Xgboost, XgboostParams, XgboostState
from ksys_core.forecasting.boosting.pooled import PooledParams, PooledState, XgboostPooled
from ksys_core.forecasting.prophet_curve import ProphetState
from ksys_core.forecasting.prophet_engine import ProphetEngine, ProphetParams
from ksys_core.i18n import N_

_STATSFORECAST = ("statsforecast",)

SINGLE: Final[dict[str, ModelSpec[Any, Any]]] = {
    spec.name: spec
    for spec in (
        ModelSpec("naive", N_("Last value"), Naive(), Spread, NoParams, instant=True),
        ModelSpec("seasonal_naive", N_("Seasonal naive"), SeasonalNaive(), Spread, NoParams, instant=True),
        ModelSpec("drift", N_("Drift"), Drift(), Spread, NoParams, instant=True),
        ModelSpec(
            "ridge",
            N_("Ridge regression"),
            ridge.Ridge(),
            ridge.RidgeState,
            ridge.RidgeParams,
            held_out=True,
            gaps=True,
        ),
        ModelSpec("auto_ets", "AutoETS", ets.Ets(), ets.EtsState, ets.EtsParams, ets.MAX_SEASON, _STATSFORECAST),
        ModelSpec(
            "auto_arima",
            "AutoARIMA",
            arima.Arima(),
            arima.ArimaState,
            arima.ArimaParams,
            arima.MAX_SEASON,
            _STATSFORECAST,
        ),
        ModelSpec(
            "auto_theta",
            "AutoTheta",
            theta.Theta(),
            theta.ThetaState,
            theta.ThetaParams,
            theta.MAX_SEASON,
            _STATSFORECAST,
        ),
        ModelSpec("mstl", "MSTL", mstl.Mstl(), mstl.MstlState, mstl.MstlParams, mstl.MAX_SEASON, _STATSFORECAST),
        ModelSpec("prophet", "Prophet", ProphetEngine(), ProphetState, ProphetParams, needs=("prophet",)),
        ModelSpec(
            "xgboost", "XGBoost", Xgboost(), XgboostState, XgboostParams, needs=("xgboost",), held_out=True, gaps=True
        ),
        ModelSpec(
            "xgboost_global",
            N_("XGBoost over several tags"),
            XgboostPooled(),
            PooledState,
            PooledParams,
            needs=("xgboost",),
            held_out=True,
        ),
    )
}
