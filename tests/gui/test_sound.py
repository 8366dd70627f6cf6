"""The horn on a real database and a real audio engine (its backend without a loudspeaker), by real keys."""

from __future__ import annotations

import miniaudio
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ksys_core.services import alarms_horn
from ksys_core.services.alarms_evaluator import evaluate_once
from ksys_hmi.presenters.horn import HornPresenter
from ksys_hmi.sound.engine import SoundEngine
from ksys_hmi.sound.tones import TONES, Samples, samples
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.views.sound_dialog import SoundDialog
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant


class Heard(SoundEngine):
    """Plays without a loudspeaker, and keeps what was played."""

    def __init__(self) -> None:
        super().__init__([miniaudio.Backend.NULL])
        self.played: list[Samples] = []

    def play(self, sound: Samples) -> None:
        super().play(sound)
        if len(sound):
            self.played.append(sound)

    def count(self, priority: int, volume: float = 0.7) -> int:
        tone = samples(TONES[priority], volume)
        return sum(len(each) == len(tone) and bool((each == tone).all()) for each in self.played)


class Deaf(SoundEngine):
    """A computer without a sound card."""

    def _someone_hears(self) -> bool:
        return False


def use(window: MainWindow, engine: SoundEngine) -> HornPresenter:
    window.horn.engine = engine
    window.horn.start()
    return window.horn


def test_the_horn_sounds_until_it_is_silenced_and_again_for_the_next_alarm(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            engine = Heard()
            horn = use(window, engine)
            try:
                await until(lambda: engine.count(1) >= 2)  # priority 1 is active, and comes again
                assert engine.count(3) == 0
                QTest.keyClick(window, Qt.Key.Key_F3)
                await until(lambda: window.status.message.text() == "3 alarms silenced.")
                await until(lambda: not any(window.banner_presenter.state.sounding.values()))
                before = len(engine.played)
                assert await plant.states() == ["UNACK", "UNACK", "UNACK"], "silence acknowledges nothing"
                await plant.reads(20, 12.0, 8.0, 12.0)
                await plant.reads(40, 12.0, 12.0, 12.0)
                await evaluate_once(plant.db, plant.clock)
                await until(lambda: engine.count(2) >= 1)
                assert len(engine.played) == before + engine.count(2)
            finally:
                await horn.close()
            assert await alarms_horn.owner(plant.db) is None, "given back at the end"

    run(scenario())


def test_without_a_device_the_screen_says_so_and_the_horn_goes_elsewhere(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            horn = use(window, Deaf())
            try:
                await until(window.silent.isVisible)
                assert window.silent.text == "NO SOUND: no audio device. Watch the banner."
                await alarms_horn.claim(plant.db, "room 2/7")
                horn.refresh()
                await until(lambda: not window.silent.isVisible())
                assert horn.state.owner is not None
                assert horn.state.owner.station == "room 2/7"
            finally:
                await horn.close()

    run(scenario())


def test_a_device_that_stops_is_noticed_and_opened_again(run: Run, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksys_hmi.presenters.horn.REOPEN_S", 0.2)

    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, _plant):
            engine = Heard()
            horn = use(window, engine)
            try:
                await until(lambda: horn.state.mine)
                assert engine._device is not None
                engine._device.stop()  # as when its plug is drawn: it asks for no samples any more
                opened = engine.open
                monkeypatch.setattr(engine, "open", lambda: None)
                await until(window.silent.isVisible)
                assert "the audio device is lost" in window.silent.text
                monkeypatch.setattr(engine, "open", opened)
                await until(lambda: horn.state.device == "ready" and not window.silent.isVisible())
            finally:
                await horn.close()

    run(scenario())


def test_the_dialog_tries_tones_and_takes_the_horn(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            engine = Heard()
            await alarms_horn.claim(plant.db, "room 2/7")
            horn = use(window, engine)
            try:
                await until(lambda: horn.state.owner is not None and horn.state.device == "ready")
                assert engine.played == [], "the horn is another station's"
                window.actions_table["alarm.sound"].trigger()
                await until(lambda: bool(window.findChildren(SoundDialog)))
                (dialog,) = window.findChildren(SoundDialog)
                assert dialog.owner.text() == "sounds at room 2/7 (ksys)"
                QTest.keyClick(dialog.tests[4], Qt.Key.Key_Space)
                assert engine.count(4) == 1
                QTest.keyClick(dialog.volume, Qt.Key.Key_Home)
                QTest.keyClick(dialog.tests[4], Qt.Key.Key_Space)
                assert engine.count(4, 0.1) == 1
                QTest.mouseClick(dialog.take, Qt.MouseButton.LeftButton)
                await until(lambda: dialog.owner.text() == "sounds here")
                dialog.reject()
            finally:
                await horn.close()

    run(scenario())
