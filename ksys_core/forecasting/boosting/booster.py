"""Training of trees and their stored form: XGBoost's own binary JSON, compressed, as base64 text with its SHA-256."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydantic import Field

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Frozen
from ksys_core.forecasting.boosting.features import Matrix
from ksys_core.forecasting.boosting.trees import OBJECTIVE, checked
from ksys_core.forecasting.boosting.ubjson import UbjsonError

if TYPE_CHECKING:
    import xgboost

MAX_BYTES: Final = 4_000_000
MAX_CHARS: Final = 1_500_000
MAX_TREES: Final = 500
MAX_LEAVES: Final = 64
PATIENCE: Final = 15
"""Trees without a lower error on the held-out part, after which no more are grown."""
ROWS_SEEN: Final = 0.5
COLUMNS_SEEN: Final = 0.6
"""Part of the rows and of the inputs that a tree is grown on: trees that differ forget each other's chance finds."""


class GrowthParams(Frozen):
    """How trees are grown.

    Attributes:
        max_rows: pairs of origin and step that are learned from.
        trees: most trees; how many are kept is found on a held-out part.
        leaves: most leaves of a tree.
        learning_rate: part of each tree's correction that is taken.
    """

    max_rows: int = Field(20_000, ge=1_000, le=500_000)
    trees: int = Field(300, ge=1, le=MAX_TREES)
    leaves: int = Field(16, ge=2, le=MAX_LEAVES)
    learning_rate: float = Field(0.05, gt=0, le=1)


def trained(rows: Matrix, target: ValueArray, params: GrowthParams, rounds: int) -> xgboost.Booster:
    """`rounds` trees that minimise the absolute error."""
    return _grown(rows, target, params, rounds, None)


def trained_until(
    rows: Matrix, target: ValueArray, held_rows: Matrix, held_target: ValueArray, params: GrowthParams
) -> tuple[int, ValueArray]:
    """How many trees have the least error on the held-out rows, and what they predict there."""
    booster = _grown(rows, target, params, params.trees, (held_rows, held_target))
    rounds = int(booster.best_iteration) + 1
    return rounds, predicted(booster, held_rows, rounds)


def _grown(
    rows: Matrix, target: ValueArray, params: GrowthParams, rounds: int, held: tuple[Matrix, ValueArray] | None
) -> xgboost.Booster:
    import xgboost

    settings = {
        "objective": OBJECTIVE,
        "tree_method": "hist",
        "grow_policy": "lossguide",
        "max_depth": 0,
        "max_leaves": params.leaves,
        "max_bin": 128,
        "eta": params.learning_rate,
        "min_child_weight": 5,
        "subsample": ROWS_SEEN,
        "colsample_bytree": COLUMNS_SEEN,
        "eval_metric": "mae",
        "nthread": 1,
        "seed": 0,
        "verbosity": 0,
    }
    data = xgboost.QuantileDMatrix(rows, label=target, max_bin=128, nthread=1)
    if held is None:
        return xgboost.train(settings, data, rounds)
    watch = [(xgboost.DMatrix(held[0], label=held[1], nthread=1), "held")]
    return xgboost.train(settings, data, rounds, evals=watch, early_stopping_rounds=PATIENCE, verbose_eval=False)


def predicted(booster: xgboost.Booster, rows: Matrix, rounds: int = 0) -> ValueArray:
    """What the first `rounds` trees (0: all) say to each row, float64[rows]."""
    return np.asarray(booster.inplace_predict(rows, iteration_range=(0, rounds)), dtype=np.float64)


def predicted_together(trees: Sequence[Trees], inputs: Sequence[Matrix]) -> list[ValueArray]:
    """What each model says to its rows, with one call for all that are the same model."""
    found: list[ValueArray] = [np.empty(0)] * len(trees)
    groups: dict[str, list[int]] = {}
    for i, each in enumerate(trees):
        groups.setdefault(each.sha256, []).append(i)
    for members in groups.values():
        said = predicted(trees[members[0]].booster(), np.concatenate([inputs[i] for i in members]))
        ends = np.cumsum([len(inputs[i]) for i in members])
        for i, moves in zip(members, np.split(said, ends[:-1]), strict=True):
            found[i] = moves
    return found


class Trees(Frozen):
    """A stored model.

    Attributes:
        features: the columns it was trained on, in order.
        sha256: of the bytes XGBoost wrote.
        data: these bytes, compressed, in base64.
    """

    features: tuple[str, ...] = Field(min_length=1, max_length=1000)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    data: str = Field(max_length=MAX_CHARS)

    def model_post_init(self, _context: object) -> None:
        """Refuses what XGBoost must not be given (`ValueError`)."""
        self._checked()

    def _checked(self) -> tuple[bytes, tuple[int, ...]]:
        """The bytes XGBoost wrote, sound in all their parts, and its version."""
        data = self._bytes()
        return data, checked(data, features=len(self.features), most_trees=MAX_TREES, most_nodes=2 * MAX_LEAVES)

    def _bytes(self) -> bytes:
        """The bytes XGBoost wrote, verified by their hash."""
        try:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(base64.b64decode(self.data, validate=True), MAX_BYTES)
        except (binascii.Error, zlib.error) as error:
            raise UbjsonError("not compressed base64") from error
        if not unpacker.eof or unpacker.unused_data or hashlib.sha256(data).hexdigest() != self.sha256:
            raise UbjsonError("the trees' fingerprint or size is wrong")
        return data

    def booster(self) -> xgboost.Booster:
        """The model ready to predict with `predicted`; loaded once."""
        return _loaded(self)

    def __hash__(self) -> int:
        return hash(self.sha256)


@lru_cache(maxsize=1024)
def _loaded(trees: Trees) -> xgboost.Booster:
    import xgboost

    data, version = trees._checked()
    if version > tuple(int(part) for part in re.findall(r"\d+", xgboost.__version__)[:3]):
        raise UbjsonError("made by a newer XGBoost than is installed")
    settings: dict[str, Any] = {"nthread": 1, "verbosity": 0}
    return xgboost.Booster(params=settings, model_file=bytearray(data))


def stored(booster: xgboost.Booster, features: tuple[str, ...]) -> Trees:
    """`booster` as data."""
    raw = bytes(booster.save_raw("ubj"))
    packed = base64.b64encode(zlib.compress(raw, 9)).decode("ascii")
    return Trees(features=features, sha256=hashlib.sha256(raw).hexdigest(), data=packed)
