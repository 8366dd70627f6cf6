"""Trees that were tampered with are refused before XGBoost sees them; what is let through can't bring it down."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.boosting import booster
from ksys_core.forecasting.boosting.booster import GrowthParams, Trees, trained
from ksys_core.forecasting.boosting.trees import checked
from ksys_core.forecasting.boosting.ubjson import UbjsonError, parsed
from ksys_core.forecasting.work import TrainTask, train
from tests.unit.forecasting.signals import daily

NAMES = ("a", "b", "c")


def raw(trees: int = 3) -> bytes:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 3))
    made = trained(x.astype(np.float32), x[:, 0] * 2.0 + x[:, 1], GrowthParams(leaves=6), trees)
    return bytes(made.save_raw("ubj"))


RAW = raw()


def check(data: bytes) -> None:
    checked(data, features=3, most_trees=10, most_nodes=16)


def trees_of(data: bytes, names: tuple[str, ...] = NAMES) -> Trees:
    packed = base64.b64encode(zlib.compress(data)).decode()
    return Trees(features=names, sha256=hashlib.sha256(data).hexdigest(), data=packed)


def replaced(old: bytes, new: bytes) -> bytes:
    assert old in RAW
    return RAW.replace(old, new, 1)


def array(name: str, kind: str, change: Callable[[Any], None]) -> bytes:
    """The model with the first tree's array `name` changed."""
    key = name.encode() + b"[$" + kind.encode() + b"#L"
    at = RAW.index(key) + len(key)
    (n,) = struct.unpack(">q", RAW[at : at + 8])
    dtype = {"l": ">i4", "d": ">f4", "U": ">u1"}[kind]
    end = at + 8 + n * np.dtype(dtype).itemsize
    values = np.frombuffer(RAW[at + 8 : end], dtype).copy()
    change(values)
    return RAW[: at + 8] + values.tobytes() + RAW[end:]


def put(place: int, value: float) -> Callable[[Any], None]:
    def change(values: Any) -> None:
        values[place] = value

    return change


def test_what_xgboost_writes_is_read_as_xgboost_reads_it() -> None:
    check(RAW)
    theirs = json.loads(bytes(xgboost.Booster(model_file=bytearray(RAW)).save_raw("json")))
    ours = parsed(RAW)

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        return [plain(each) for each in value] if isinstance(value, list | np.ndarray) else value

    mine = plain(ours)
    for tree, other in zip(
        mine["learner"]["gradient_booster"]["model"]["trees"],
        theirs["learner"]["gradient_booster"]["model"]["trees"],
        strict=True,
    ):
        assert tree["left_children"] == other["left_children"]
        assert tree["split_conditions"] == pytest.approx(other["split_conditions"])
    assert mine["version"] == theirs["version"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        RAW[:-1],
        RAW + b"\0",
        RAW[: len(RAW) // 2],
        b'{"learner":{}}',
        b"\x80\x04K\x01.",
        array("left_children", "l", put(0, 1000)),
        array("left_children", "l", put(0, -2)),
        array("left_children", "l", put(0, 0)),
        array("left_children", "l", put(0, -1)),
        array("right_children", "l", put(0, 1)),
        array("parents", "l", put(1, 2)),
        array("parents", "l", put(0, 0)),
        array("split_indices", "l", put(0, 3)),
        array("split_indices", "l", put(0, -1)),
        array("split_conditions", "d", put(0, np.nan)),
        array("base_weights", "d", put(0, np.inf)),
        array("split_type", "U", put(0, 1)),
        array("default_left", "U", put(0, 2)),
        replaced(b"gbtree}", b"dart..}"),
        replaced(b"reg:absoluteerror", b"reg:squarederror."),
        replaced(b"num_class", b"num_clasx"),
        replaced(b"split_type[$U", b"split_type[$i"),
        replaced(b"left_children[$l#L" + b"\0" * 7, b"left_children[$l#L\x7f" + b"\0" * 6),
        replaced(b"trees[#L" + b"\0" * 7 + b"\x03", b"trees[#L\x7f" + b"\xff" * 7),
        replaced(b"trees[#L", b"trees[$L"),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(UbjsonError):
        check(data)


def test_sizes_are_bounded() -> None:
    for limits in ({"most_trees": 2, "most_nodes": 16}, {"most_trees": 10, "most_nodes": 3}):
        with pytest.raises(UbjsonError):
            checked(RAW, features=3, **limits)
    with pytest.raises(UbjsonError):
        checked(RAW, features=4, most_trees=10, most_nodes=16)


def test_nesting_is_bounded() -> None:
    key = b"L" + struct.pack(">q", 1) + b"a"
    with pytest.raises(UbjsonError, match="deep"):
        parsed((b"{" + key) * 2000)


def test_the_fingerprint_and_the_size_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    good = trees_of(RAW)
    monkeypatch.setattr(booster, "checked", lambda *_given, **_limits: pytest.fail("looked inside"))
    bomb = zlib.compress(b"\0" * (booster.MAX_BYTES + 1), 9)
    for data, sha in (
        (good.data, "0" * 64),
        (base64.b64encode(bomb).decode(), hashlib.sha256(b"\0" * booster.MAX_BYTES).hexdigest()),
        (good.data[:-8], good.sha256),
        ("###", good.sha256),
        (good.data + good.data, good.sha256),
    ):
        with pytest.raises(ValidationError):
            Trees(features=NAMES, sha256=sha, data=data)


def test_a_newer_library_s_model_is_refused() -> None:
    major = xgboost.__version__.split(".")[0]
    newer = RAW[: RAW.rindex(b"version")] + b"version[#L" + struct.pack(">q", 3) + b"i\x63i\x00i\x00}"
    with pytest.raises(UbjsonError, match="newer"):
        trees_of(newer).booster()
    assert int(major) < 99


@given(st.data())
def test_mutated_bytes_are_refused_or_sound(data: st.DataObject) -> None:
    """No other exception than the refusal, whatever is changed, cut out or put in."""
    mutated = bytearray(RAW)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        kind = data.draw(st.sampled_from(("change", "remove", "insert")))
        if kind == "change":
            mutated[at] = data.draw(st.integers(0, 255))
        elif kind == "remove":
            del mutated[at : at + data.draw(st.integers(1, 40))]
        else:
            mutated[at:at] = data.draw(st.binary(min_size=1, max_size=40))
    try:
        check(bytes(mutated))
    except UbjsonError:
        return
    tree = parsed(bytes(mutated))["learner"]["gradient_booster"]["model"]["trees"][0]
    assert (tree["left_children"] < len(tree["parents"])).all()


_CHILD = """
import random, sys
import numpy as np
from tests.unit.forecasting.test_hostile_trees import RAW, trees_of
rng = random.Random(7)
rows = np.random.default_rng(2).normal(size=(50, 3)).astype(np.float32)
rows[::3] = np.nan
let_through = refused = 0
for _ in range(1500):
    data = bytearray(RAW)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    try:
        trees = trees_of(bytes(data))
        trees.booster().inplace_predict(rows)
        let_through += 1
    except ValueError:
        refused += 1
print(let_through, refused)
"""


def test_what_is_let_through_never_brings_the_process_down() -> None:
    """In a process of its own: XGBoost answers a broken model with a crash."""
    done = subprocess.run([sys.executable, "-c", _CHILD], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    let_through, refused = map(int, done.stdout.split())
    assert let_through > 50
    assert refused > 500


def test_a_tampered_artefact_is_refused_whatever_its_hash_says() -> None:
    document = json.loads(train(TrainTask("xgboost", daily(), 6)).artefact)
    trees = document["state"]["trees"]
    data = zlib.decompress(base64.b64decode(trees["data"]))
    key = b"split_indices[$l#L"
    at = data.index(key) + len(key) + 8
    data = data[:at] + struct.pack(">i", 2**31 - 1) + data[at + 4 :]
    trees["data"] = base64.b64encode(zlib.compress(data)).decode()
    trees["sha256"] = hashlib.sha256(data).hexdigest()
    text = json.dumps(document)
    with pytest.raises(KnownError, match="refused"):
        artefacts.load(text, artefacts.sha256(text))
