"""``ksys models`` and ``ksys forecast``."""

from __future__ import annotations

import json
import time
from concurrent.futures import Executor

import pytest

from ksys_core.cli import forecast, models
from ksys_core.cli.session import seconds
from ksys_core.domain.times import MINUTE
from ksys_core.errors import KnownError
from ksys_core.services import models as service
from ksys_core.services.models import TrainingPlan
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import history


@pytest.fixture
def now() -> int:
    return time.time_ns() // MINUTE * MINUTE


async def test_deploy_list_show_undeploy(
    database: Database, dsn: str, now: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TS_DSN", dsn)
    await history(database, ["FLOW"], days=1, now=now)

    await models._deploy("FLOW", TrainingPlan("ridge", season=1, horizon=12), None)
    assert "ridge for FLOW, season 1" in capsys.readouterr().out
    await models._list(True, True, None)
    row = json.loads(capsys.readouterr().out)[0]
    assert (row["tag"], row["algorithm"], row["last_state"], row["horizon"]) == ("FLOW", "ridge", "model", 12)
    await models._list(False, False, None)
    assert "FLOW" in capsys.readouterr().out
    await forecast._show("FLOW", True, None)
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["value"]) == len(shown["t"]) == 12
    await forecast._show("FLOW", False, None)
    assert "FLOW: ridge (model)" in capsys.readouterr().out
    await models._undeploy(row["model_id"], "trial", None)
    with pytest.raises(KnownError, match="no forecast"):
        await forecast._show("FLOW", False, None)


async def test_run_forecasts_everything_deployed(
    database: Database,
    dsn: str,
    now: int,
    executor: Executor,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TS_DSN", dsn)
    for tag in await history(database, ["A", "B"], days=0.2, now=now):
        await service.deploy(database, now_ns=now, executor=executor, tag=tag, plan=TrainingPlan("naive"))
    await forecast._run(None)
    assert capsys.readouterr().out == "72 rows forecast.\n"


@pytest.mark.parametrize(("text", "value"), [("300", 300), ("5m", 300), ("10min", 600), ("1h", 3600), ("1 d", 86_400)])
def test_durations(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "m", "-5m", "1.5h", "5 weeks"])
def test_what_is_no_duration_is_said(text: str) -> None:
    with pytest.raises(KnownError, match="no duration"):
        seconds(text)


def test_season() -> None:
    assert [models._season(text) for text in ("auto", "none", "288")] == [None, 1, 288]
    with pytest.raises(KnownError, match="season"):
        models._season("0")
