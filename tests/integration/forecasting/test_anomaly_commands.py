"""``ksys anomalies``."""

from __future__ import annotations

import json

import pytest

from ksys_core.domain.times import MINUTE
from ksys_core.services import anomalies
from ksys_core.store.anomalies import Seen, Sign, keep
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import add_sensor, minutes, put
from tests.integration.forecasting.test_commands import Capture, ksys, now
from tests.unit.forecasting.anomaly_unit import normal

__all__ = ["now"]
ROWS = 400


async def unit(db: Database, now: int) -> list[int]:
    """Two tags of the unit "RO" with history."""
    values = normal(ROWS)
    ids = []
    for i, tag in enumerate(("FLOW_A", "FLOW_B")):
        ids.append(await add_sensor(db, tag))
        await put(db, ids[-1], minutes(now - ROWS * MINUTE, now), values[:, i])
    await db.execute("update sensors set area = 'RO/Stage 1'")
    return ids


async def test_train_and_list(database: Database, now: int, capsys: Capture) -> None:
    ids = await unit(database, now)
    assert await ksys("anomalies", "train") == 0
    assert "watches" in capsys.readouterr().out
    (group,) = await anomalies.groups(database)
    shares = {ids[0]: 0.9, ids[1]: 0.1}
    begun = Sign("unit", None, now - 9 * MINUTE, None, 3.0, shares)
    over = Sign("flat", ids[1], now - 9 * MINUTE, now - MINUTE, 2.0)
    await keep(database, [Seen(group.group_id, [begun, over], "{}", now, anew=False)])

    assert await ksys("anomalies", "list", "--json") == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["kind"], first["shares"], first["until_ns"]) == ("unit", [["FLOW_A", 0.9], ["FLOW_B", 0.1]], None)
    assert (second["kind"], second["tag"], second["score"]) == ("flat", "FLOW_B", 2.0)
    assert await ksys("anomalies", "list", "--active") == 0
    printed = capsys.readouterr().out
    assert "FLOW_A" in printed
    assert "Stands still" not in printed


async def test_what_cannot_be_trained_is_shown_and_fails(database: Database, now: int, capsys: Capture) -> None:
    await add_sensor(database, "FLOW_A")
    await database.execute("update sensors set area = 'RO'")
    assert await ksys("anomalies", "train", "RO") == 1
    assert "no history" in " ".join(capsys.readouterr().out.split())
    assert await ksys("anomalies", "train", "X") == 2
    assert capsys.readouterr().err == "ksys: There is no unit X; known are RO.\n"


async def test_a_unit_of_ones_own(database: Database, now: int) -> None:
    ids = await unit(database, now)
    assert await ksys("anomalies", "unit", "Pumps", "--tag", "FLOW_B", "--interval", "5m") == 0
    assert await ksys("anomalies", "unit", "RO", "--area", "RO", "--off") == 0
    pumps, ro = await anomalies.groups(database)
    assert (pumps.sensor_ids, pumps.interval_s, pumps.enabled) == ((ids[1],), 300, True)
    assert (ro.sensor_ids, ro.interval_s, ro.enabled) == (tuple(ids), None, False)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("list", "--days", "0"), "The number of days must be greater than zero and at most 366."),
        (("unit", "X"), "Give either --area or --tag."),
        (("unit", "X", "--area", "A", "--tag", "B"), "Give either --area or --tag."),
        (("unit", "X", "--tag", "NONE"), "There is no tag NONE."),
        (("unit", "X", "--area", "A", "--interval", "90s"), "divide a day, not 90 s."),
    ],
)
async def test_wrong_words_are_named(
    database: Database, now: int, capsys: Capture, words: tuple[str, ...], error: str
) -> None:
    assert await ksys("anomalies", *words) == 2
    assert error in capsys.readouterr().err
