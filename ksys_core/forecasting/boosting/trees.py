"""What a stored tree model must be before XGBoost gets it: every index inside, every number finite, no cycle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from ksys_core.forecasting.boosting.ubjson import UbjsonError, parsed

OBJECTIVE: Final = "reg:absoluteerror"
_LARGEST: Final = float(np.finfo(np.float32).max)
_ROOT: Final = 2_147_483_647
_INDICES: Final = ("left_children", "right_children", "parents", "split_indices")
_FLAGS: Final = ("default_left", "split_type")
_FLOATS: Final = ("base_weights", "split_conditions", "loss_changes", "sum_hessian")
_EMPTY: Final = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_BASE: Final = re.compile(r"\[?(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\]?")


def checked(data: bytes, *, features: int, most_trees: int, most_nodes: int) -> tuple[int, ...]:
    """The version of the library that wrote the XGBoost model `data` (UBJSON) with `features` inputs and one output.

    Raises:
        UbjsonError: it is not such a model, or anything in it is not as it must be.
    """
    document = parsed(data)
    _keys(document, {"learner", "version"})
    learner = document["learner"]
    _keys(
        learner,
        {"attributes", "feature_names", "feature_types", "gradient_booster", "learner_model_param", "objective"},
    )
    _require(not any(learner[key] for key in ("attributes", "feature_names", "feature_types")), "attributes")
    _require(learner["objective"] == {"name": OBJECTIVE}, "objective")
    _check_parameters(learner["learner_model_param"], features)
    booster = learner["gradient_booster"]
    _keys(booster, {"model", "name"})
    _require(booster["name"] == "gbtree", "booster")
    _check_model(booster["model"], features, most_trees, most_nodes)
    version = tuple(_integers(document["version"]))
    _require(len(version) == 3, "version")
    return version


def _require(condition: object, what: str) -> None:
    if not condition:
        raise UbjsonError(f"wrong {what}")


def _keys(value: object, wanted: set[str]) -> None:
    _require(isinstance(value, dict) and set(value) == wanted, "keys")


def _check_parameters(found: object, features: int) -> None:
    _keys(found, {"base_score", "boost_from_average", "num_class", "num_feature", "num_target"})
    assert isinstance(found, dict)
    _require(all(isinstance(value, str) for value in found.values()), "parameters")
    sizes = {"num_class": "0", "num_feature": str(features), "num_target": "1"}
    _require({key: found[key] for key in sizes} == sizes and found["boost_from_average"] in {"0", "1"}, "parameters")
    base = _BASE.fullmatch(found["base_score"])
    _require(base is not None and abs(float(base[1])) < _LARGEST, "base score")


def _check_model(model: object, features: int, most_trees: int, most_nodes: int) -> None:
    _keys(model, {"cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees"})
    assert isinstance(model, dict)
    trees = model["trees"]
    _require(isinstance(trees, list) and 1 <= len(trees) <= most_trees, "number of trees")
    _require(model["gbtree_model_param"] == {"num_parallel_tree": "1", "num_trees": str(len(trees))}, "parameters")
    _require(_integers(model["iteration_indptr"]) == list(range(len(trees) + 1)), "iterations")
    _require(_integers(model["tree_info"]) == [0] * len(trees), "tree info")
    _keys(model["cats"], {"enc", "feature_segments", "sorted_idx"})
    _require(all(len(_sequence(part)) == 0 for part in model["cats"].values()), "categories")
    for i, tree in enumerate(trees):
        _check_tree(tree, i, features, most_nodes)


def _sequence(value: object) -> Any:
    _require(isinstance(value, list | np.ndarray), "array")
    return value


def _integers(value: object) -> list[int]:
    _require(isinstance(value, list) and all(type(item) is int for item in value), "array")
    assert isinstance(value, list)
    return value


def _check_tree(tree: object, number: int, features: int, most_nodes: int) -> None:
    _keys(tree, {"id", "tree_param", *_INDICES, *_FLAGS, *_FLOATS, *_EMPTY})
    assert isinstance(tree, dict)
    n = len(_sequence(tree["left_children"]))
    _require(type(tree["id"]) is int and tree["id"] == number and 1 <= n <= most_nodes, "tree")
    wanted = {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(n), "size_leaf_vector": "1"}
    _require(tree["tree_param"] == wanted, "tree parameters")
    _check_arrays(tree, n, features)
    left, right = (tree[side].astype(np.int64) for side in ("left_children", "right_children"))
    inner = np.flatnonzero(left >= 0)
    _require(np.array_equal(inner, np.flatnonzero(right >= 0)), "children")
    _require((left[left < 0] == -1).all() and (right[right < 0] == -1).all(), "children")
    children = np.concatenate([left[inner], right[inner]])
    _require(np.array_equal(np.sort(children), np.arange(1, n)), "children")
    above = np.concatenate([inner, inner])
    _require((children > above).all(), "order of nodes")
    _require(tree["parents"][0] == _ROOT and np.array_equal(tree["parents"][children], above), "parents")


def _check_arrays(tree: Mapping[str, Any], n: int, features: int) -> None:
    for names, kind in ((_INDICES, ">i4"), (_FLAGS, ">u1"), (_FLOATS, ">f4")):
        for name in names:
            array = tree[name]
            _require(isinstance(array, np.ndarray) and array.dtype == np.dtype(kind) and len(array) == n, name)
    _require(all(np.isfinite(tree[name]).all() for name in _FLOATS), "numbers")
    _require(((tree["split_indices"] >= 0) & (tree["split_indices"] < features)).all(), "features")
    _require((tree["default_left"] <= 1).all() and not tree["split_type"].any(), "flags")
    _require(all(len(_sequence(tree[name])) == 0 for name in _EMPTY), "categories")
