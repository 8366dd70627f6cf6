"""Reading a stored model and forecasting with it runs nothing that the model brings along."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ksys_core.forecasting
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.work import TrainTask, train
from tests.unit.forecasting.signals import SEASON, daily

CHECKED = tuple(SPECS)

_CHILD = """
import sys, json
from pathlib import Path
from ksys_core.forecasting import artefacts, work
from ksys_core.forecasting.parsed import FORECASTERS
from ksys_core.forecasting.work import PredictTask
from tests.unit.forecasting.signals import daily
texts = [Path(name).read_text() for name in sys.argv[1:]]
tasks = [PredictTask(i, text, artefacts.sha256(text), daily(), 6) for i, text in enumerate(texts)]
work.predict_batch(tasks)      # imports what is needed
FORECASTERS.forget()
seen = []
watched = ("pickle.", "marshal.", "exec", "compile", "import", "os.system", "os.exec", "os.posix_spawn", "os.spawn",
           "subprocess.", "socket.", "ctypes.dlopen", "shutil.", "os.remove", "os.rename", "os.mkdir", "code.__new__")
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith(watched) else None)
results, events = [], {}
for task, name in zip(tasks, sys.argv[1:]):
    seen.clear()
    results += work.predict_batch([task])
    events[Path(name).name] = sorted(set(seen))
print(json.dumps({"sources": [r.source for r in results], "errors": [r.error for r in results], "events": events}))
"""


def test_nothing_is_unpickled_compiled_imported_or_started(tmp_path: Path) -> None:
    files = []
    for name in CHECKED:
        files.append(tmp_path / name)
        files[-1].write_text(train(TrainTask(name, daily(), 6, SEASON)).artefact)
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *map(str, files)], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    assert said["sources"] == ["model"] * len(CHECKED), said["errors"]
    library = {name for name in CHECKED if "statsforecast" in SPECS[name].needs}
    for name, events in said["events"].items():
        own = {"compile", "exec"} if name in library else set()  # SciPy writes methods of its distributions
        assert set(events) <= own, name


@pytest.mark.parametrize("word", ["pickle", "joblib", "dill", "cloudpickle", "eval(", "exec(", "marshal", "shelve"])
def test_the_package_does_not_even_name_them(word: str) -> None:
    folder = Path(ksys_core.forecasting.__file__).parent
    sources = {path.name: path.read_text() for path in folder.rglob("*.py")}
    assert len(sources) > 30
    assert [name for name, source in sources.items() if word in source] == []


def test_the_audit_sees_what_it_looks_for() -> None:
    """The hook above would catch a pickle: it is not blind."""
    code = (
        "import sys, pickle; data = pickle.dumps(print); seen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(event))\n"
        "pickle.loads(data); print('pickle.find_class' in seen)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"


def test_libraries_and_data_of_every_model_are_named() -> None:
    text = train(TrainTask("xgboost", daily(), 6, SEASON)).artefact
    envelope = artefacts.Envelope.model_validate_json(text)
    assert {"numpy", "prophet", "statsforecast", "xgboost-cpu"} <= set(envelope.libraries)
    assert envelope.training == artefacts.training_of([daily()])
    both = artefacts.training_of([daily(), daily(seed=4)])
    assert both.n == 960
    assert both.data_sha256 != artefacts.training_of([daily()]).data_sha256
