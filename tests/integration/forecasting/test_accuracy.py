"""The accuracy benchmark on a file of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ksys_core.domain.times import to_datetime
from tests.benchmarks import accuracy
from tests.unit.forecasting.signals import SEASON, daily

Capture = pytest.CaptureFixture[str]


def ran(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr("sys.argv", ["accuracy", *words])
    accuracy.main()


def test_a_file_is_judged_beside_seasonal_naive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    y, other = daily(600), daily(600, seed=9, level=5.0)
    times = y.start + y.step * np.arange(600)
    rows = [f"{to_datetime(int(t)):%Y-%m-%d %H:%M},{a},{b}" for t, a, b in zip(times, y.v, other.v, strict=True)]
    path = tmp_path / "own.csv"
    path.write_text("\n".join(["when,flow,level", *rows]))
    words = (
        "--csv",
        str(path),
        "--time",
        "when",
        "--horizon",
        "6",
        "--season",
        str(SEASON),
        "--engines",
        "ridge,auto_arima",
        "--simulated",
        "0",
    )

    ran(monkeypatch, *words, "--summary")
    (text,) = capsys.readouterr().out.splitlines()
    found = json.loads(text)
    assert found["series"] == 2
    assert 0.1 < found["default_over_seasonal_naive"] < 1
    assert found["default_over_seasonal_naive"] == found["engines_over_seasonal_naive"]["ensemble"]
    assert found["targets"]["default_over_seasonal_naive"]["held"] in {"must", "stretch", "no"}
    assert found["targets"]["default_over_prophet"] == {"value": None, "must": 0.75, "stretch": 0.6, "held": None}
    assert set(found["coverage_gap"]) == {"80", "90", "95"}
    assert found["share_5_percent_worse_than_baselines"] == 0
    assert found["default_over_arima_ets_theta"] is None

    ran(monkeypatch, *words, "--json")
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    engines = {"naive", "seasonal_naive", "ensemble", "ridge", "auto_arima"}
    assert {line["engine"] for line in lines[:-1]} == engines
    assert {line.get("series") for line in lines[:-1]} == {"flow", "level"}


def test_without_data_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    ran(monkeypatch, "--data", str(tmp_path / "none"))
    assert "no data folder" in json.loads(capsys.readouterr().out)["skipped"]
