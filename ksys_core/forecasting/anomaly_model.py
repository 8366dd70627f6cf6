"""What a detector of anomalies knows of a unit, as checked data without code."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError, model_validator

from ksys_core.errors import KnownError
from ksys_core.forecasting.base import Frozen
from ksys_core.i18n import N_

ORDER: Final = 3
"""Newest samples that a prediction looks at."""
MEAN: Final = 5
"""Samples of the moving mean of a unit's distance."""
KINDS: Final = ("interval", "flat", "rate", "range")
"""What one tag can show."""
UNIT: Final = "unit"
"""What the tags of a unit show together."""
MAX_TAGS: Final = 120
MAX_CHARS: Final = 4_000_000

Matrix = npt.NDArray[np.float64]
Row = tuple[float, ...]


class Detector(Frozen):
    """A unit of k tags on one grid; values are judged as ``(value - loc) / scale``.

    Attributes:
        sensors: the tags' numbers, in the order of every other list.
        step_s: the grid in seconds.
        loc: means in training, and `scale`, spreads.
        coef: float[k][3 k + 1], the VAR(3) model: newest sample first, then the constant.
        error: spread of each tag's errors under it.
        whiten: float[k][k]; its product with a residual has uncorrelated parts of variance 1.
        limit: of the moving mean of the squared distance.
        own: float[k][4], each tag's AR(3) model.
        half: half width of each tag's 99.5 % interval of one step.
        flat: samples without any change from which a tag counts as flat; 0: it is not judged.
        rate: largest plausible change of one step. `low`, `high`: the plausible range. All in units of `scale`.
        rows: samples trained on. `begin`, `end`: of the training, ns UTC.
    """

    format: Literal["ksys-detector"]
    version: Literal[1]
    sensors: tuple[int, ...] = Field(min_length=1, max_length=MAX_TAGS)
    step_s: int = Field(ge=60)
    loc: Row
    scale: Row
    coef: tuple[Row, ...]
    error: Row
    whiten: tuple[Row, ...]
    limit: float = Field(gt=0)
    own: tuple[Row, ...]
    half: Row
    flat: tuple[int, ...]
    rate: Row
    low: Row
    high: Row
    rows: int = Field(ge=1)
    begin: int
    end: int

    @model_validator(mode="after")
    def _consistent(self) -> Detector:
        k = len(self.sensors)
        vectors = (self.loc, self.scale, self.error, self.half, self.flat, self.rate, self.low, self.high)
        if len(set(self.sensors)) != k or any(len(vector) != k for vector in vectors):
            raise ValueError("one number a tag")
        widths = ((self.coef, ORDER * k + 1), (self.whiten, k), (self.own, ORDER + 1))
        if any(len(rows) != k or any(len(row) != width for row in rows) for rows, width in widths):
            raise ValueError("a matrix has the wrong shape")
        if any(value <= 0 for vector in (self.scale, self.error, self.half, self.rate) for value in vector):
            raise ValueError("spreads and limits are above zero")
        return self


def dump(model: Detector) -> str:
    """`model` as JSON text."""
    return model.model_dump_json()


def sha256(text: str) -> str:
    """The artefact's fingerprint."""
    return hashlib.sha256(text.encode()).hexdigest()


def load(text: str, expected_sha256: str) -> Detector:
    """The model of an artefact.

    Raises:
        KnownError: it is not a detector of a known version, or anything in it is not as it must be.
    """
    if len(text) > MAX_CHARS or sha256(text) != expected_sha256:
        raise _refused()
    try:
        return Detector.model_validate_json(text)
    except (ValidationError, ValueError, RecursionError) as error:
        raise _refused() from error


def _refused() -> KnownError:
    return KnownError("anomalies.artefact", N_("The stored detector was refused."))
