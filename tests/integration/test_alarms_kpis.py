"""Key figures out of a journal that the evaluator wrote."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import pytest

from ksys_core.domain.times import HOUR
from ksys_core.errors import KnownError
from ksys_core.services.alarms_evaluator import AlarmEvaluator, evaluate_once
from ksys_core.services.alarms_kpis import alarm_kpis
from ksys_core.store.pool import Database
from tests.integration.alarms_plant import build_plant


async def test_key_figures_of_an_hour_and_of_what_stood_before_it(database: Database) -> None:
    plant = await build_plant(database, 12)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, *([5.0] * 12)))
    await evaluator.on_batch(await plant.reads(10, 12.0))
    start = plant.at(1000)
    for k in range(2, 13):
        await evaluator.on_batch(await plant.reads(1000 + 10 * k, 12.0, *([12.0] * (k - 1) + [5.0] * (12 - k))))
    await evaluator.on_batch(await plant.reads(2800, *([5.0] * 12)))
    found = await alarm_kpis(database, start=start, stop=start + HOUR)
    assert (found.rates.count, found.rates.peak, found.rates.per_hour) == (11, 11, 11.0)
    assert found.maturity == "stable"
    (flood,) = found.floods
    assert (flood.start, flood.count, flood.first_out) == (plant.at(1110), 11, plant.high[1])
    # The first alarm stood from before the period for 1800 s of it, the others from 1020 + 10 k on.
    assert found.standing == pytest.approx((1800 + sum(2800 - (1000 + 10 * k) for k in range(2, 13))) / 3600)
    assert found.to_return[3].n == 12
    assert found.priority_mix[3] == 100.0
    assert (await alarm_kpis(database, start=start, stop=start + HOUR, area="elsewhere")).rates.count == 0


async def test_an_empty_period_is_refused(database: Database) -> None:
    with pytest.raises(KnownError):
        await alarm_kpis(database, start=HOUR, stop=HOUR)


def ksys(dsn: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from ksys_core.cli import main; main()", "alarms", *words],
        env=os.environ | {"TS_DSN": dsn, "LANG": "C"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_the_commands_check_the_journal_and_print_figures(database: Database, dsn: str) -> None:
    plant = await build_plant(database)
    await plant.reads(0, 12.0)
    await evaluate_once(database, plant.clock)
    intact = await asyncio.to_thread(ksys, dsn, "check")
    assert (intact.returncode, intact.stdout) == (0, "The journal leads to the state of every alarm.\n")
    await database.execute("update alarms set acked_occurrence = occurrence")
    broken = await asyncio.to_thread(ksys, dsn, "check", "--json")
    assert (broken.returncode, json.loads(broken.stdout)) == (1, {"broken": plant.high[:1]})
    figures = await asyncio.to_thread(ksys, dsn, "kpis", "--days", "36500", "--json")
    assert json.loads(figures.stdout)["rates"]["count"] == 1, figures.stderr
    spoken = await asyncio.to_thread(ksys, dsn, "kpis")
    assert spoken.stdout.startswith(("0 annunciations", "1 annunciations"))
