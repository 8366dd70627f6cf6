"""``ksys models`` and ``ksys forecast``."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import Executor

import pytest

from ksys_core.cli.durations import seconds
from ksys_core.cli.program import run
from ksys_core.cli.seasons import season_of
from ksys_core.domain.times import MINUTE
from ksys_core.errors import KnownError
from ksys_core.services import models as service
from ksys_core.services.models import TrainingPlan
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import history

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def now(dsn: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The end of a model's interval: values and grid are the same at any time. Commands find its database."""
    monkeypatch.setenv("TS_DSN", dsn)
    return time.time_ns() // (5 * MINUTE) * 5 * MINUTE


async def ksys(*words: str) -> int:
    """Run a command beside the test's event loop."""
    return await asyncio.to_thread(run, words)


async def test_deploy_list_show_retire(database: Database, now: int, capsys: Capture) -> None:
    await history(database, ["FLOW"], days=1, now=now)

    assert await ksys("models", "deploy", "FLOW", "--season", "none", "--horizon", "12") == 0
    assert "ensemble for FLOW, season 1" in capsys.readouterr().out
    assert await ksys("models", "list", "--deployed", "--json") == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert (row["tag"], row["algorithm"], row["last_state"], row["horizon"]) == ("FLOW", "ensemble", "model", 12)
    assert await ksys("models", "list") == 0
    assert "FLOW" in capsys.readouterr().out
    assert await ksys("forecast", "show", "FLOW", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["value"]) == len(shown["t"]) == 12
    assert await ksys("forecast", "show", "FLOW") == 0
    assert "FLOW: ensemble (model)" in capsys.readouterr().out
    assert await ksys("models", "retire", str(row["model_id"]), "--reason", "trial") == 0
    assert await ksys("forecast", "show", "FLOW") == 2
    assert capsys.readouterr().err == "ksys: There is no forecast of FLOW.\n"


async def test_run_forecasts_everything_deployed(
    database: Database, now: int, executor: Executor, capsys: Capture
) -> None:
    for tag in await history(database, ["A", "B"], days=0.2, now=now):
        await service.deploy(database, now_ns=now, executor=executor, tag=tag, plan=TrainingPlan("naive"))
    assert await ksys("forecast", "run") == 0
    assert capsys.readouterr().out == "72 rows forecast.\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("models", "deploy", "NONE"), "There is no tag NONE."),
        (("models", "deploy", "FLOW", "--algorithm", "magic"), "There is no algorithm magic"),
        (("models", "deploy", "FLOW", "--interval", "7m"), "divide a day"),
        (("models", "retire", "77"), "Model 77 is not deployed."),
        (("forecast", "show", "NONE"), "There is no tag NONE."),
    ],
)
async def test_what_cannot_be_done_is_one_line(
    database: Database, now: int, capsys: Capture, words: tuple[str, ...], reason: str
) -> None:
    await history(database, ["FLOW"], days=0.01, now=now)
    assert await ksys(*words) == 2
    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(("text", "value"), [("300", 300), ("5m", 300), ("10min", 600), ("1h", 3600), ("1 d", 86_400)])
def test_durations(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "m", "-5m", "1.5h", "5 weeks"])
def test_what_is_no_duration_is_said(text: str) -> None:
    with pytest.raises(KnownError, match="no duration"):
        seconds(text)


def test_season() -> None:
    assert [season_of(text) for text in ("auto", "none", "288")] == [None, 1, 288]
    with pytest.raises(KnownError, match="season"):
        season_of("0")


async def test_evaluate_compares_engines_on_the_same_folds(database: Database, now: int, capsys: Capture) -> None:
    await history(database, ["FLOW"], days=2, now=now)
    options = ("--algorithm", "ridge", "--algorithm", "mstl", "--season", "none", "--horizon", "6", "--folds", "30")

    assert await ksys("models", "evaluate", "FLOW", *options, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    rows = {row["algorithm"]: row for row in found["engines"]}
    assert set(rows) == {"naive", "seasonal_naive", "ridge", "median"}
    assert (found["folds"], found["selecting_folds"], found["horizon"]) == (20, 10, 6)
    assert len({row["scores"]["n"] for row in rows.values()}) == 1
    assert rows["ridge"]["scores"]["mae"] < rows["naive"]["scores"]["mae"]
    assert found["errors"] == {"mstl": "The series has no season that this model could use."}
    assert await ksys("models", "evaluate", "FLOW", *options) == 0
    shown = capsys.readouterr().out
    assert "20 folds of 6 steps" in shown
    assert "mstl: The series has no season" in shown


async def test_the_gate_lets_only_the_better_model_in(database: Database, now: int, capsys: Capture) -> None:
    await history(database, ["FLOW"], days=3, now=now)
    options = ("FLOW", "--season", "none", "--horizon", "6", "--interval", "5m")

    assert await ksys("models", "deploy", *options, "--algorithm", "drift", "--gate") == 2
    captured = capsys.readouterr()
    assert captured.err == "ksys: drift is not deployed for FLOW: it did not pass the gate.\n"
    assert "seasonal_naive" in captured.out
    assert await ksys("models", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []

    assert await ksys("models", "deploy", *options, "--algorithm", "naive") == 0
    capsys.readouterr()
    assert await ksys("models", "deploy", *options, "--algorithm", "ridge", "--gate") == 0
    shown = capsys.readouterr().out
    assert "champion" in shown
    assert "ridge for FLOW" in shown
    assert await ksys("models", "deploy", *options, "--algorithm", "naive", "--gate") == 2


@pytest.mark.parametrize("algorithm", ["xgboost", "prophet"])
async def test_heavy_libraries_work_in_silence_in_a_worker(
    database: Database, now: int, algorithm: str, capfd: pytest.CaptureFixture[str]
) -> None:
    await history(database, ["FLOW", "VALVE"], days=1.5, now=now)
    words = ("models", "deploy", "FLOW", "--algorithm", algorithm, "--season", "none", "--horizon", "12")
    inputs = ("--input-tag", "VALVE") if algorithm == "xgboost" else ()
    assert await ksys(*words, *inputs) == 0
    out, err = capfd.readouterr()
    assert f"{algorithm} for FLOW" in out
    assert "12 rows forecast" in out
    assert err == ""
    (row,) = await service.listed(database)
    assert (row.last_state, row.last_error) == ("model", "")
    assert await database.fetchval("select params->>'zone' from trained_models") == "Asia/Seoul"
