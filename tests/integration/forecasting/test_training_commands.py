"""``ksys models train``, its jobs, promotion and rollback, scores, files."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from ksys_core.domain.times import MINUTE
from ksys_core.services import backfill, metrics
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import history
from tests.integration.forecasting.test_commands import Capture, ksys

NARROW = ("--interval", "15m", "--horizon", "6", "--season", "96", "--days", "5", "--folds", "30")


@pytest.fixture
def now(dsn: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The end of a model's interval. Commands find its database."""
    monkeypatch.setenv("TS_DSN", dsn)
    monkeypatch.setenv("COLUMNS", "200")
    return time.time_ns() // (15 * MINUTE) * 15 * MINUTE


async def test_train_repeat_and_look(database: Database, now: int, capsys: Capture) -> None:
    await history(database, ["A", "B"], days=5, now=now)
    assert await ksys("models", "train", "A", "B", "--algorithm", "ridge", "--check", *NARROW) == 0
    assert "A: enough data" in capsys.readouterr().out
    assert await ksys("models", "train", "A", "B", *NARROW, "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["status"], len(done["results"]), done["same"]) == ("done", 2, None)
    assert await ksys("models", "train", "--repeat", str(done["job_id"])) == 0
    assert "the same, to the last bit" in capsys.readouterr().out
    assert await ksys("models", "jobs", "--json") == 0
    assert [job["status"] for job in json.loads(capsys.readouterr().out)] == ["done", "done"]
    assert await ksys("models", "jobs", str(done["job_id"]), "--log") == 0
    shown = capsys.readouterr().out
    assert "B ridge: folds 30" in shown
    assert "gate" in shown
    assert await ksys("models", "train", "A", *NARROW, "--no-wait") == 0
    assert await ksys("models", "cancel", str(done["job_id"] + 2), "--reason", "trial") == 0
    assert "is cancelled" in capsys.readouterr().out


async def test_too_little_data_is_told_before(database: Database, now: int, capsys: Capture) -> None:
    await history(database, ["A"], days=0.2, now=now)
    assert await ksys("models", "train", "A", "--check", *NARROW) == 1
    assert "A: too little data, 3." in capsys.readouterr().out
    assert await ksys("models", "train", "A", *NARROW) == 1
    assert "There is too little history without gaps" in capsys.readouterr().out
    assert await ksys("models", "train") == 2


async def test_promote_roll_back_and_score(database: Database, now: int, capsys: Capture) -> None:
    await history(database, ["A"], days=2, now=now)
    for _ in range(2):
        assert await ksys("models", "deploy", "A", "--algorithm", "naive", "--interval", "15m", "--horizon", "12") == 0
    earlier = "issue_ts = issue_ts - interval '6 h', target_ts = target_ts - interval '6 h'"
    await database.execute(f"update forecast_results set {earlier} where model_id = 2")
    await backfill.run(database, now_ns=now)
    await metrics.run(database, now_ns=now)
    capsys.readouterr()

    assert await ksys("models", "metrics", "A", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["model_id"], row["role"], row["whole"]["n"]) == (2, "champion", 12)
    assert list(row["parts"]) == ["1", "2-3", "4-6", "7-12"]
    assert row["whole"]["skill"] is not None
    assert await ksys("models", "metrics", "A", "--window", "7d", "--steps") == 0
    assert capsys.readouterr().out.count("champion") == 13

    assert await ksys("models", "rollback", "A", "--reason", "worse") == 0
    assert await ksys("models", "promote", "2", "--reason", "after all") == 0
    assert await ksys("models", "list", "--deployed", "--json") == 0
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(r["model_id"], r["role"]) for r in listed] == [(1, "challenger"), (2, "champion")]
    assert await ksys("models", "rollback", "A", "--reason", " ") == 2
    assert "A reason is needed" in capsys.readouterr().err


async def test_a_model_goes_out_and_comes_in_and_a_damaged_file_does_not(
    database: Database, now: int, capsys: Capture, tmp_path: Path
) -> None:
    await history(database, ["A", "B"], days=5, now=now)
    assert await ksys("models", "train", "A", *NARROW) == 0
    path = tmp_path / "model.json"
    assert await ksys("models", "export", "1", str(path)) == 0
    assert await ksys("models", "export", "1", str(path)) == 2  # never over a file that is there
    assert await ksys("models", "import", str(path), "--tag", "B") == 0
    same = await database.fetchval("select count(distinct artefact_sha256) from trained_models")
    assert (same, await database.fetchval("select count(*) from trained_models")) == (1, 2)
    assert await ksys("models", "promote", "2", "--reason", "from the other plant") == 0
    capsys.readouterr()

    good = json.loads(path.read_text("utf-8"))
    hostile = {
        "damaged": {**good, "horizon": 7},
        "foreign": {"format": "pickle"},
        "more": {**good, "code": "import os"},
        "other model": {**good, "artefact": good["artefact"].replace("ridge", "naive")},
    }
    for name, content in hostile.items():
        path.write_text(json.dumps(content), "utf-8")
        assert await ksys("models", "import", str(path)) == 2, name
        assert "refused" in capsys.readouterr().err
    path.write_bytes(b"\x80\x04\x95cos\nsystem\n")
    assert await ksys("models", "import", str(path)) == 2
    assert await ksys("models", "import", str(tmp_path / "none.json")) == 2
    assert await database.fetchval("select count(*) from trained_models") == 2


async def test_the_predecessors_numbers_become_a_job(
    database: Database, now: int, capsys: Capture, tmp_path: Path
) -> None:
    await history(database, ["A"], days=0.5, now=now)
    path = tmp_path / "pipeline.json"
    config = {
        "model_type": "AUTO_ARIMA",
        "forecast_config": {"horizons": list(range(10, 370, 10)), "season_length": 144, "training_days": 7},
        "hyperparameters": {"seasonal": True, "max_p": 5, "m": 144, "max_models": 4000},
        "metrics": {"mape": 0.0},
    }
    path.write_text(json.dumps(config), "utf-8")
    assert await ksys("models", "import-pipeline", str(path), "--train", "A", "--json") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[0])
    request = found["request"]
    assert (request["interval_s"], request["horizon"], request["season"], request["history_days"]) == (600, 36, 144, 7)
    assert request["params"] == {"auto_arima": {"seasonal": True}}
    why = {line["name"]: line["reason"] for line in found["lines"] if line["reason"]}
    assert why == {
        "max_p": "has no counterpart",
        "max_models": "out of range",
        "metrics": "a result, not a setting",
    }
    assert await database.fetchval("select algorithms from training_jobs") == ["auto_arima"]
    assert await ksys("models", "import-pipeline", str(path)) == 0
    assert "has no counterpart" in capsys.readouterr().out

    for wrong, reason in (
        (b"\x80\x04\x95\x10cbuiltins\nexec\n", "pickled"),
        (b"\x1f\x8b\x08", "pickled"),
        (b"[]", "no pipeline_config"),
        (b'{"hyperparameters": {}}', "which of our algorithms"),
    ):
        path.write_bytes(wrong)
        assert await ksys("models", "import-pipeline", str(path)) == 2
        assert reason in capsys.readouterr().err
