"""The predecessor's ``pipeline_config``: its numbers become a request of ours; pickled models are refused unread."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from ksys_core.errors import KnownError
from ksys_core.forecasting.registry import SPECS
from ksys_core.i18n import N_
from ksys_core.services.training import TrainingRequest

MAX_BYTES: Final = 20_000_000
ALGORITHMS: Final = {
    "auto_arima": "auto_arima",
    "arima": "auto_arima",
    "auto_ets": "auto_ets",
    "prophet": "prophet",
    "xgboost": "xgboost",
}
PARAMETERS: Final = {"n_estimators": "trees", "n_changepoints": "changepoints", "num_boost_round": "trees"}
"""Their names for parameters that have another name with us."""
_PICKLE: Final = b"\x80"
_PACKED: Final = (b"\x1f\x8b", b"PK", b"x\x9c", b"BZ", b"\xfd7zXZ", b"(", b"c")

NO_COUNTERPART: Final = N_("has no counterpart")
OUT_OF_RANGE: Final = N_("out of range")
RESULTS_ONLY: Final = N_("a result, not a setting")
MARKED_ONLY: Final = N_("outliers are marked, not removed")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the file: what it became (empty: nothing), or why it was not taken (English)."""

    name: str
    value: str
    taken_as: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """The request that follows from a file, and a line for every entry of it."""

    request: TrainingRequest
    lines: tuple[Line, ...]


def read(data: bytes, algorithm: str | None = None) -> Imported:
    """The request of a ``pipeline_config`` file.

    Args:
        algorithm: what is trained by it; None: as the file says.

    Raises:
        KnownError: it is a pickle or not such a JSON object, or its algorithm is not known.
    """
    config = _object(data)
    named = algorithm or _text(config, "model_type") or _text(_part(config, "training_info"), "model_type")
    chosen = ALGORITHMS.get(named.lower(), named.lower())
    if chosen not in SPECS:
        text = N_("The file does not say which of our algorithms it is for; name it with --algorithm.")
        raise KnownError("pipeline.algorithm", text)
    taking = _Taking(chosen)
    for name, value in _part(config, "forecast_config").items():
        taking.setting(name, value)
    for name, value in _part(config, "hyperparameters").items():
        taking.parameter(name, value)
    for name in config.keys() - {"forecast_config", "hyperparameters", "model_type"}:
        taking.lines.append(Line(name, "…", reason=RESULTS_ONLY))
    return Imported(taking.request(), tuple(taking.lines))


def _object(data: bytes) -> dict[str, Any]:
    head = data.lstrip()[:8]
    if data.startswith(_PICKLE) or head.startswith(_PACKED):
        text = N_("This is a pickled or packed file. It was not opened: only the numbers of a JSON file are taken.")
        raise KnownError("pipeline.pickle", text)
    wrong = KnownError("pipeline.json", N_("This is no pipeline_config: a JSON object with hyperparameters is needed."))
    if len(data) > MAX_BYTES:
        raise wrong
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(found, dict) or not {"forecast_config", "hyperparameters"} & found.keys():
        raise wrong
    return found


def _part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = config.get(name)
    return part if isinstance(part, dict) else {}


def _text(config: Mapping[str, Any], name: str) -> str:
    value = config.get(name)
    return value if isinstance(value, str) else ""


class _Taking:
    """Entries taken one after another."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self.params: dict[str, Any] = {}
        self.lines: list[Line] = []
        self.given: dict[str, Any] = {}

    def setting(self, name: str, value: Any) -> None:
        """An entry of forecast_config: minutes, hours and days as the predecessor counts them."""
        if name == "horizons" and isinstance(value, list) and value and all(_number(each) for each in value):
            self._take(name, value, "interval_s", 60 * min(value))
            self._take(name, value, "horizon", round(max(value) / min(value)))
        elif name in ("forecast_interval", "forecast_interval_minutes") and _number(value):
            self._take(name, value, "interval_s", round(60 * value))
        elif name in ("horizon_hours", "forecast_horizon_hours") and _number(value):
            self.given["hours"] = value
            self.lines.append(Line(name, _short(value), "horizon"))
        elif name in ("season_length", "m") and _number(value):
            self._take(name, value, "season", round(value))
        elif name in ("training_days", "history_days") and _number(value):
            self._take(name, value, "history_days", float(value))
        elif "outlier" in name or "preprocess" in name:
            self.lines.append(Line(name, _short(value), reason=MARKED_ONLY))
        else:
            self.lines.append(Line(name, _short(value), reason=NO_COUNTERPART))

    def parameter(self, name: str, value: Any) -> None:
        """An entry of hyperparameters."""
        if name in ("season_length", "m") and _number(value):
            self._take(name, value, "season", round(value))
            return
        ours = PARAMETERS.get(name, name)
        model = SPECS[self.algorithm].params_model
        if ours not in model.model_fields:
            self.lines.append(Line(name, _short(value), reason=NO_COUNTERPART))
            return
        try:
            model.model_validate({ours: value})
        except ValidationError:
            self.lines.append(Line(name, _short(value), reason=OUT_OF_RANGE))
            return
        self.params[ours] = value
        self.lines.append(Line(name, _short(value), ours))

    def request(self) -> TrainingRequest:
        """What was taken over our defaults.

        Raises:
            KnownError: together the numbers make no sense.
        """
        given = dict(self.given)
        hours = given.pop("hours", None)
        if hours is not None and "horizon" not in given:
            given["horizon"] = round(3600 * hours / given.get("interval_s", TrainingRequest(("",)).interval_s))
        params = {self.algorithm: self.params} if self.params else {}
        return TrainingRequest((self.algorithm,), params=params, **given).checked()

    def _take(self, name: str, value: Any, ours: str, number: float) -> None:
        self.given[ours] = number
        self.lines.append(Line(name, _short(value), f"{ours} = {number:g}"))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**9


def _short(value: Any) -> str:
    return json.dumps(value)[:60]
