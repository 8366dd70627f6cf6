"""The anomalies page on a real database, by real keys."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ksys_core.domain.times import HOUR, MINUTE
from ksys_core.forecasting.anomaly_model import dump, sha256
from ksys_core.i18n import tr
from ksys_core.store import anomalies, anomaly_groups
from ksys_core.store.anomalies import Seen, Sign
from ksys_core.store.pool import Database
from ksys_hmi.runtime import PageRequest
from ksys_hmi.views.anomalies import AnomaliesPage
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant
from tests.integration.alarms_plant import Plant
from tests.unit.forecasting.anomaly_unit import detector


async def unit(db: Database, plant: Plant) -> int:
    """The unit "RO" of the plant's tags, with a detector."""
    await db.execute("update sensors set area = 'RO/Stage 1'")
    await anomaly_groups.add_areas(db)
    (group,) = await anomaly_groups.groups(db)
    text = dump(detector(400))
    now = time.time_ns()
    await anomaly_groups.keep_detector(db, group.group_id, text, sha256(text), now_ns=now, learned_ns=now - HOUR)
    return group.group_id


async def show(db: Database, group: int, *signs: Sign, seen_ns: int | None = None) -> None:
    await anomalies.keep(db, [Seen(group, signs, "{}", seen_ns or time.time_ns(), anew=False)])


def test_a_fault_with_its_tags_and_the_way_to_their_trend(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "anomalies") as (window, plant):
            page = window.page
            assert isinstance(page, AnomaliesPage)
            assert page.hint.text() == "No tag has an area. Units are made of areas; see the help."
            assert not page.trend.isEnabled()
            group = await unit(plant.db, plant)
            begin = time.time_ns() // MINUTE * MINUTE - HOUR
            shares = {plant.sensors[1]: 0.8, plant.sensors[0]: 0.2}
            fault = Sign("unit", None, begin, None, 12.0, shares)
            jump = Sign("rate", plant.sensors[2], begin - HOUR, begin - HOUR + MINUTE, 2.0)
            await show(plant.db, group, fault, jump)
            page.presenter.refresh()
            await until(lambda: len(page.list.model().rows) == 2)

            first, second = page.list.model().rows
            assert (first.kind, first.tag, first.end, second.tag) == ("unit", "", None, "PT-3")
            assert 0 < second.level < first.level < 1
            assert page.summary.text() == "1 shows now"
            assert [(row.tag, row.share) for row in page.shares.model().rows] == [("PT-2", 0.8), ("PT-1", 0.2)]
            assert [row.state for row in page.units.model().rows] == ["watches"]

            await show(plant.db, group, Sign("unit", None, None, begin + MINUTE, 12.0, shares))
            window.runtime.events.changed.emit("anomalies", [group])  # as the database tells
            await until(lambda: page.list.model().rows[0].end == begin + MINUTE)
            assert page.summary.text() == ""

            asked: list[PageRequest] = []
            window.runtime.events.page_requested.connect(asked.append)
            page.list.setFocus()
            QTest.keyClick(page.list, Qt.Key.Key_Return)
            QTest.keyClick(page.list, Qt.Key.Key_Down)
            await until(lambda: page.about.text() == "This one is of the tag PT-3 alone.")
            assert page.shares.model().rows == ()
            QTest.mouseClick(page.trend, Qt.MouseButton.LeftButton)
            QTest.keyClick(page.list, Qt.Key.Key_Up)
            page.shares.setFocus()
            page.shares.go_to("PT-1")
            QTest.keyClick(page.shares, Qt.Key.Key_Return)
            assert [(one.page_id, one.params["tags"], one.params["at"]) for one in asked] == [
                ("trend", ["PT-2", "PT-1"], begin),
                ("trend", ["PT-3"], begin - HOUR),
                ("trend", ["PT-1"], begin),
            ]

    run(scenario())


def test_what_a_detector_lacks_is_said_in_the_language_of_the_person(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "anomalies") as (window, plant):
            page = window.page
            assert isinstance(page, AnomaliesPage)
            group = await unit(plant.db, plant)
            states = []
            hints = []
            try:
                tr.language = "ko"
                for change in (
                    "delete from anomaly_detectors",
                    None,
                    "update anomaly_detectors set error = 'No tag of the unit has a history that varies.'",
                    "update anomaly_detectors set error = '', seen_to = now() - interval '1 hour'",
                    "update anomaly_groups set enabled = false",
                ):
                    if change is None:
                        await unit(plant.db, plant)
                    else:
                        await plant.db.execute(change)
                    state = await page.presenter.load()
                    states += [row.state for row in state.units]
                    hints.append(state.hint)
            finally:
                tr.language = "en"
            assert states[:3] == ["아직 학습되지 않음", "다음 샘플 대기 중", "변화하는 이력이 있는 태그가 없습니다."]
            assert states[3].startswith("판정 중단:")
            assert states[4] == "꺼짐"
            assert hints[0].startswith("아직 학습된 감지기가 없습니다")
            assert hints[1] == "이 기간에 이상 징후가 없습니다."
            assert group > 0

    run(scenario())
