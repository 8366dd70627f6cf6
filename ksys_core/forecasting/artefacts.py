"""Fitted models as JSON text: no code in them, everything checked when they are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from ksys_core.errors import KnownError
from ksys_core.forecasting.base import LEVELS, Fitted, Frozen
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import spec_named
from ksys_core.i18n import N_

FORMAT: Final = "ksys-forecaster"
MAX_CHARS: Final = 2_000_000
_LIBRARIES = ("numpy", "prophet", "statsforecast", "xgboost-cpu")


class Training(Frozen):
    """What the model was fitted to: ``[start, stop)`` ns, usable values, hash of the grid."""

    start: int
    stop: int
    n: int = Field(ge=0)
    data_sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Envelope(Frozen):
    """The artefact's outer form, version 1."""

    format: Literal["ksys-forecaster"]
    version: Literal[1]
    algorithm: str
    params: dict[str, Any]
    season: int = Field(ge=1, le=100_000)
    phase: int = Field(ge=0)
    step: int = Field(gt=0)
    horizon: int = Field(ge=1, le=10_000)
    state: dict[str, Any]
    training: Training
    libraries: dict[str, str]
    notes: tuple[str, ...] = ()
    half: tuple[tuple[float, ...], ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Envelope:
        if self.half is not None and [len(row) for row in self.half] != [self.horizon] * len(LEVELS):
            raise ValueError("one half width a level and step")
        return self


def data_hash(y: RegularSeries) -> str:
    """SHA-256 over start, step, values and inputs of `y` (NaN in one form)."""
    found = hashlib.sha256(f"{y.start},{y.step},".encode())
    for tag, column in {"": y.v, **y.inputs}.items():
        found.update(tag.encode() + np.where(np.isnan(column), np.nan, column).astype("<f8").tobytes())
    return found.hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def training_of(series: Sequence[RegularSeries]) -> Training:
    """What a model of one or several series was fitted to; the hash of several is that of their hashes."""
    hashes = [data_hash(y) for y in series]
    return Training(
        start=min(y.start for y in series),
        stop=max(y.stop for y in series),
        n=sum(int(np.isfinite(y.v).sum()) for y in series),
        data_sha256=hashes[0] if len(hashes) == 1 else sha256(",".join(hashes)),
    )


def dump(fitted: Fitted, *trained_on: RegularSeries, notes: tuple[str, ...] = ()) -> str:
    """`fitted` as JSON text; `phase` is the place in the season at which the training window begins."""
    training, step = training_of(trained_on), trained_on[0].step
    envelope = Envelope(
        format=FORMAT,
        version=1,
        algorithm=fitted.spec.name,
        params=fitted.params.model_dump(mode="json"),
        season=fitted.season,
        phase=(training.start // step) % fitted.season,
        step=step,
        horizon=fitted.horizon,
        state=fitted.state.model_dump(mode="json"),
        training=training,
        libraries=_versions(),
        notes=notes,
        half=None if fitted.half is None else tuple(map(tuple, fitted.half.tolist())),
    )
    return json.dumps(envelope.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256(text: str) -> str:
    """The artefact's fingerprint."""
    return hashlib.sha256(text.encode()).hexdigest()


def load(text: str, expected_sha256: str | None = None) -> Fitted:
    """The model of an artefact, with an empty window at the end of its training.

    Raises:
        KnownError: the text is not an artefact of a known version, or anything in it is not as it must be.
    """
    if len(text) > MAX_CHARS or (expected_sha256 is not None and sha256(text) != expected_sha256):
        raise _refused(N_("its fingerprint or size is wrong"))
    try:
        envelope = Envelope.model_validate_json(text)
        spec = spec_named(envelope.algorithm)
        params = spec.params_model.model_validate_json(json.dumps(envelope.params))
        state = spec.state_model.model_validate_json(json.dumps(envelope.state))
    except (ValidationError, ValueError, RecursionError) as error:
        raise _refused(type(error).__name__) from error
    window = RegularSeries(envelope.training.stop, envelope.step, np.empty(0))
    half = None if envelope.half is None else np.array(envelope.half)
    return Fitted(spec, params, state, envelope.season, envelope.horizon, window, half)


def _refused(reason: str) -> KnownError:
    return KnownError("forecast.artefact", N_("The stored model was refused: {reason}."), reason=reason)
