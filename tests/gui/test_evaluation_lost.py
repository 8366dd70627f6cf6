"""Alarms that nobody evaluates: banner, lists and horn say so, acknowledging goes on, and all of it ends by itself."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from ksys_core.domain.times import SECOND
from ksys_hmi.sound.engine import SoundEngine
from ksys_hmi.sound.tones import LOST, Samples, samples
from ksys_hmi.views.alarm_list import AlarmList
from ksys_hmi.views.alarms import AlarmsPage
from tests.gui.conftest import Run
from tests.gui.plant_window import alarm_rows, until, window_on, window_with_plant
from tests.integration.alarms_plant import alarm_job, build_plant

CTRL = Qt.KeyboardModifier.ControlModifier
NEVER = "Alarms have never been evaluated: the service has not run on this database"


class Loss(SoundEngine):
    """A loudspeaker that counts the tone of a loss."""

    def __init__(self) -> None:
        super().__init__([])
        self.count = 0

    @property
    def state(self) -> str:  # type: ignore[override]
        return "ready"

    def open(self) -> None:
        """There is one."""

    def play(self, sound: Samples) -> None:
        self.count += len(sound) == len(samples(LOST, 0.7))


def hints(listed: AlarmList) -> list[str]:
    return [label.text() for label in listed.findChildren(QLabel) if label.isVisible()]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a second late counts as lost, and a screen waits for nothing at its start."""
    monkeypatch.setattr("ksys_hmi.presenters.evaluation.LATE_NS", SECOND)
    monkeypatch.setattr("ksys_hmi.presenters.evaluation.START_NS", 0)
    monkeypatch.setattr("ksys_hmi.presenters.status.StatusPresenter.period_s", 0.1)
    monkeypatch.setattr("ksys_hmi.presenters.horn.REOPEN_S", 0.2)


@pytest.mark.usefixtures("at_once")
def test_a_dead_evaluator_is_told_and_heard_until_it_is_back(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            page = window.page
            assert isinstance(page, AlarmsPage)
            horn, engine = window.horn, Loss()
            horn.engine = engine
            horn.start()
            try:
                await plant.db.execute("delete from alarm_evaluation")  # from now on the job's own passes count
                await until(lambda: window.runtime.evaluation.phase == "never")
                async with alarm_job(plant.db):
                    await until(lambda: window.runtime.evaluation.phase == "on" and horn.state.mine)
                    assert not window.unwatched.isVisible()
                    assert engine.count == 0
                await until(window.unwatched.isVisible)
                assert window.unwatched.text.startswith("Alarms are not evaluated since 20")
                assert window.banner.notice.lines[0].startswith("NOT EVALUATED since ")
                assert page.list.filter.counts.text().startswith(window.banner.notice.lines[0])
                await until(lambda: engine.count > 0)
                window.activateWindow()
                await until(window.isActiveWindow)
                page.list.table.setFocus()
                await until(page.list.table.hasFocus)
                QTest.keyClick(window, Qt.Key.Key_F3)
                await until(lambda: not any(window.banner_presenter.state.sounding.values()))
                heard = engine.count
                QTest.keyClick(page.list.table, Qt.Key.Key_K, CTRL | Qt.KeyboardModifier.ShiftModifier)
                await until(lambda: {row.isa for row in alarm_rows(page.list)} == {"ACKED"})
                page.show_list(1)
                await until(lambda: window.unwatched.text in hints(page.lists[1]))
                assert "No shelved alarms." not in hints(page.lists[1])
                await until(lambda: window.banner.cells[0].accessibleName() == window.unwatched.text)
                assert engine.count == heard, "silenced until it is lost again"
                async with alarm_job(plant.db):
                    await until(lambda: not window.unwatched.isVisible())
                    assert "No shelved alarms." in hints(page.lists[1])
                    assert window.banner.cells[0].accessibleName() == "No unacknowledged alarm"
                    assert not window.banner.notice.lines
            finally:
                await horn.close()

    run(scenario())


@pytest.mark.usefixtures("at_once")
def test_a_database_without_a_service_says_so_without_a_sound(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_on(dsn, "alarms") as window:
            await build_plant(window.runtime.db)
            page = window.page
            assert isinstance(page, AlarmsPage)
            await until(lambda: window.unwatched.text == NEVER)
            await until(lambda: NEVER in hints(page.list))
            assert window.banner.notice.lines == ("NEVER EVALUATED",)
            assert window.horn._loss == 0

    run(scenario())


def test_a_screen_that_has_just_started_waits(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_on(dsn, "alarms") as window:
            page = window.page
            assert isinstance(page, AlarmsPage)
            await until(lambda: "Waiting for the evaluation of alarms …" in hints(page.list))
            assert window.banner.cells[0].accessibleName() == "Waiting for the evaluation of alarms …"
            assert not window.unwatched.isVisible()

    run(scenario())
