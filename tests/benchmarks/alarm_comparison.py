"""Rule alarms against model-based detection on data sets with labelled events.

``python -m tests.benchmarks.alarm_comparison [--json] [--data FOLDER]``

NAB's machine temperature and artificial series with its windows, and the Tennessee Eastman process with faults 1 and 4,
which begin after sample 160 of 960; its columns are compared together, as one operator sees them, after the normal run
has taught. NAB's windows begin long before their anomaly, so lead times there are from the begin of the window; of its
series the first 15 % teach. Value: recall of the model; reference: of the rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.domain.detection import Events, Score
from ksys_core.domain.times import MINUTE, to_ns
from ksys_core.errors import KnownError
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.services.comparison import TRAINING, Compared, Labelled, compare
from tests.benchmarks.accuracy_series import FOLDER, read
from tests.benchmarks.report import parser

DAY_STEPS = 288
FAULT_AT = 160
MEASURED = 22
"""Columns of the Tennessee Eastman process that are measured continuously."""
SAMPLE = 3 * MINUTE


def nab(folder: Path) -> Iterator[list[Labelled]]:
    """Each labelled series by itself."""
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text("utf-8"))
    for name, found in windows.items():
        path = folder / "data" / name
        if path.exists():
            (y,) = read(path, None, ZoneInfo("UTC")).values()
            events = Events(*(np.array([_ns(each[i]) for each in found], np.int64) for i in (0, 1)))
            yield [Labelled(name.rsplit("/", 1)[-1], y, events, round(TRAINING * len(y)), DAY_STEPS)]


def tennessee(folder: Path) -> Iterator[list[Labelled]]:
    """The measured columns of a run together; the fault lasts to its end."""
    normal = np.loadtxt(folder / "d00.dat").T[:, :MEASURED]
    for name in ("d01_te", "d04_te"):
        table = np.concatenate([normal, np.loadtxt(folder / f"{name}.dat")[:, :MEASURED]])
        begin = len(normal) + FAULT_AT
        events = Events(np.array([begin * SAMPLE]), np.array([len(table) * SAMPLE]))
        yield [
            Labelled(f"{name} {i + 1}", RegularSeries(0, SAMPLE, column.copy()), events, len(normal))
            for i, column in enumerate(table.T)
        ]


def _ns(text: str) -> int:
    return to_ns(datetime.fromisoformat(text).replace(tzinfo=UTC))


def figures(score: Score) -> dict[str, object]:
    names = ("recall", "precision", "false_a_day", "lead_s")
    return {"detections": score.detections, **{name: _short(getattr(score, name)) for name in names}}


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def shown(found: Compared, as_json: bool) -> None:
    rules, model = found.rules, found.model
    ratio = None if not rules.recall or model.recall is None else round(model.recall / rules.recall, 3)
    whole = {
        "name": "alarm_comparison",
        "series": found.name,
        "events": model.events,
        "value": _short(model.recall),
        "unit": "recall",
        "reference": _short(rules.recall),
        "ratio": ratio,
        "model": figures(model),
        "rules": figures(rules),
    }
    print(json.dumps(whole) if as_json else ", ".join(f"{key} {value}" for key, value in whole.items()), flush=True)


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--data", type=Path, default=FOLDER, help="the data folder")
    options = given.parse_args()
    if not options.data.is_dir():
        print(
            json.dumps({"name": "alarm_comparison", "skipped": f"there is no data folder {options.data}; give --data"})
        )
        return
    every = []
    for series in (*nab(options.data / "nab"), *tennessee(options.data / "tep")):
        name = series[0].name if len(series) == 1 else series[0].name.split()[0]
        try:
            every.append(compare(series, name=name))
        except KnownError as error:
            print(json.dumps({"name": "alarm_comparison", "series": name, "skipped": str(error)}))
            continue
        shown(every[-1], options.json)
    rules, model = every[0].rules, every[0].model
    for each in every[1:]:
        rules, model = rules + each.rules, model + each.model
    shown(Compared("all", rules, model), options.json)


if __name__ == "__main__":
    main()
