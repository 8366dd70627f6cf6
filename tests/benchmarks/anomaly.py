"""Detection of faults, false alarms and delay of the anomaly detector, beside the usual statistics of the same run.

``python -m tests.benchmarks.anomaly [--json] [--data FOLDER]``

Units: the Tennessee Eastman process. Trained on the normal run d00, tried on the normal run d00_te (false alarms) and
on faults 1 and 4, which begin after sample 160. The reference is PCA T²; SPE is printed too (as many components as give
90 % of the variance, limits at the 99 % quantile of training). Tags: the series of NAB with labelled
windows, each trained on its first 15 %; the reference are limits at three standard deviations of the same part.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ksys_core.domain.times import DAY, SECOND
from ksys_core.forecasting.anomaly_model import Detector
from ksys_core.forecasting.anomaly_stream import Stream
from ksys_core.forecasting.anomaly_training import UnitHistory, train
from tests.benchmarks.accuracy_series import FOLDER, read
from tests.benchmarks.report import line, parser

FAULTS: Final = ("d01", "d04")
ONSET: Final = 160
TEP_STEP_S: Final = 180
TARGET: Final = "forecasting.md: PCA T² 67 % detected at 6.9 % false alarms"
NAB_TRAINED: Final = 0.15
"""The part of a series that NAB gives for learning."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """Shares of samples called abnormal, 0 to 1, and samples from a fault to the first call (None: never)."""

    false: float
    events_a_day: float
    detected: dict[str, float]
    delay: dict[str, int | None]

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.detected.values())))


def runs_of(folder: Path) -> dict[str, Values]:
    """The runs, float64[samples, 52]; the training run is stored the other way round."""
    found = {"d00": np.loadtxt(folder / "tep" / "d00.dat").T}
    for name in ("d00_te", *(f"{fault}_te" for fault in FAULTS)):
        found[name] = np.loadtxt(folder / "tep" / f"{name}.dat")
    return found


def judged(calls: Callable[[Values], NDArray[np.bool_]], runs: dict[str, Values]) -> Verdict:
    """What a detector's calls (bool[samples]) are worth."""
    normal = calls(runs["d00_te"])
    days = len(normal) * TEP_STEP_S / 86_400
    detected, delay = {}, {}
    for fault in FAULTS:
        after = calls(runs[f"{fault}_te"])[ONSET:]
        detected[fault] = float(after.mean())
        delay[fault] = int(np.argmax(after)) if after.any() else None
    begins = int((np.diff(normal.astype(np.int8)) == 1).sum()) + int(normal[0])
    return Verdict(float(normal.mean()), begins / days, detected, delay)


def pca(training: Values) -> dict[str, Callable[[Values], NDArray[np.bool_]]]:
    """Hotelling's T² and the squared prediction error of a PCA model."""
    loc, scale = training.mean(axis=0), training.std(axis=0)
    _, spread, axes = np.linalg.svd((training - loc) / scale, full_matrices=False)
    power = spread**2 / (len(training) - 1)
    n = int(np.searchsorted(np.cumsum(power) / power.sum(), 0.9)) + 1
    kept = axes[:n].T

    def t2(x: Values) -> Values:
        found: Values = ((((x - loc) / scale) @ kept) ** 2 / power[:n]).sum(axis=1)
        return found

    def spe(x: Values) -> Values:
        z = (x - loc) / scale
        found: Values = ((z - z @ kept @ kept.T) ** 2).sum(axis=1)
        return found

    limits = {name: float(np.quantile(f(training), 0.99)) for name, f in (("t2", t2), ("spe", spe))}
    return {"t2": lambda x: t2(x) > limits["t2"], "spe": lambda x: spe(x) > limits["spe"]}


def units(folder: Path, *, as_json: bool) -> None:
    """The Tennessee Eastman process."""
    runs = runs_of(folder)
    begun = time.perf_counter()
    model = train(UnitHistory(tuple(range(52)), 0, TEP_STEP_S, runs["d00"]))
    fit_s = time.perf_counter() - begun
    begun = time.perf_counter()
    ours = judged(lambda x: Stream(model).run(x)[1][:, -1] > 1, runs)
    row_us = (time.perf_counter() - begun) / sum(len(runs[n]) for n in runs if n != "d00") * 1e6
    others = {name: judged(calls, runs) for name, calls in pca(runs["d00"]).items()}
    for name, one in {"ksys": ours, **others}.items():
        line(
            "anomaly_units_detection",
            100 * one.mean,
            "%",
            100 * others["t2"].mean,
            as_json=as_json,
            detector=name,
            false_alarms_percent=round(100 * one.false, 2),
            false_alarms_a_day=round(one.events_a_day, 2),
            detected_percent={fault: round(100 * share, 2) for fault, share in one.detected.items()},
            delay_samples=one.delay,
            target=TARGET,
        )
    largest = {fault: _largest(model, runs[f"{fault}_te"]) for fault in FAULTS}
    line("anomaly_sample", row_us, "us", TEP_STEP_S * 1e6, as_json=as_json, fit_s=round(fit_s, 2), shares=largest)


def _largest(model: Detector, values: Values) -> dict[str, float]:
    """The four largest shares by the number of the column, from 1."""
    stream = Stream(model)
    stream.run(values)
    order = np.argsort(-stream.state.shares)[:4]
    return {str(i + 1): round(float(stream.state.shares[i]), 2) for i in order.tolist()}


def labelled(folder: Path) -> Iterator[tuple[str, NDArray[np.int64], Values, list[tuple[int, int]]]]:
    """Name, times (ns UTC), values and labelled windows of each series of NAB."""
    windows = json.loads((folder / "nab" / "labels" / "combined_windows.json").read_text())
    for path in sorted((folder / "nab" / "data").rglob("*.csv")):
        name = path.relative_to(folder / "nab" / "data").as_posix()
        found = windows.get(name, windows.get(f"realKnownCause/{name}"))
        if found is None:
            continue
        (y,) = read(path, "timestamp", ZoneInfo("UTC")).values()
        t = y.start + y.step * np.arange(len(y), dtype=np.int64)
        spans = [tuple(int(np.datetime64(at, "ns").astype(np.int64)) for at in pair) for pair in found]
        yield path.stem, t, y.v, [(a, b) for a, b in spans]


def tags(folder: Path, *, as_json: bool) -> None:
    """The series of NAB."""
    found = {"ksys": [0, 0.0], "three_sigma": [0, 0.0]}
    windows = days = 0.0
    for _name, t, v, spans in labelled(folder):
        n = round(NAB_TRAINED * len(v))
        step = int(t[1] - t[0])
        later = t[n:]
        calls = {
            "ksys": _calls(t, v, n, step),
            "three_sigma": np.abs(v[n:] - np.nanmean(v[:n])) > 3 * np.nanstd(v[:n]),
        }
        inside = np.zeros(len(later), dtype=bool)
        for begin, end in spans:
            window = (later >= begin) & (later <= end)
            inside |= window
            windows += 1
            for name, called in calls.items():
                found[name][0] += bool(called[window].any())
        days += len(later) * step / DAY
        for name, called in calls.items():
            begins = np.diff(called.astype(np.int8), prepend=0) == 1
            found[name][1] += int((begins & ~inside).sum())
    for name, (hits, wrong) in found.items():
        line(
            "anomaly_tags_detection",
            100 * hits / windows,
            "%",
            100 * found["three_sigma"][0] / windows,
            as_json=as_json,
            detector=name,
            windows=int(windows),
            false_alarms_a_day=round(wrong / days, 3),
            days=round(days, 1),
        )


def _calls(t: NDArray[np.int64], v: Values, n: int, step: int) -> NDArray[np.bool_]:
    """Whether a finding of the tag or of its one-tag unit is active, for every sample after training."""
    if not np.nanstd(v[:n]) > 0:
        return np.zeros(len(v) - n, dtype=bool)  # no detector can be trained
    stream = Stream(train(UnitHistory((1,), int(t[0]), step // SECOND, v[:n, None])))
    stream.run(v[:n, None])
    active = np.empty(len(v) - n, dtype=bool)
    for i, value in enumerate(v[n:]):
        stream.run(np.array([[value]]))
        active[i] = stream.state.active.any()
    return active


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", type=Path, default=FOLDER, help="the data folder")
    given = options.parse_args()
    for part, work in (("tep", units), ("nab", tags)):
        if (given.data / part).is_dir():
            work(given.data, as_json=given.json)
        else:
            print(json.dumps({"name": "anomaly", "skipped": f"there is no folder {part} in {given.data}; give --data"}))


if __name__ == "__main__":
    main()
