"""The horn of this station: claims it, sounds the most urgent unsilenced alarm, and tells when nobody can hear it."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import QTimer

from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import alarms_horn
from ksys_core.services.alarms_horn import HornOwner
from ksys_hmi.presenters.banner import BannerState
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime
from ksys_hmi.sound.engine import DeviceState, SoundEngine
from ksys_hmi.sound.tones import LOST, TONES, Tone, samples

TICK_MS: Final = 250
REOPEN_S: Final = 5.0
_RELEASE_S: Final = 1.0
DEVICE_WORDS: Final[dict[DeviceState, str]] = {
    "closed": N_("switched off"),
    "ready": N_("ready"),
    "missing": N_("no audio device"),
    "lost": N_("the audio device is lost"),
}


class Repeater:
    """Which tone is due: of the most urgent priority that asks for the horn, until it no longer does."""

    def __init__(self) -> None:
        self._before: Mapping[int, int] = {}
        self._at: dict[Tone, float] = {}

    def due(self, sounding: Mapping[int, int], now_s: float, *, lost: bool = False) -> Tone | None:
        """The tone to play now, at most one.

        Args:
            sounding: how many alarms of each priority ask for the horn.
            lost: the database or the evaluation of alarms is lost, and nobody has silenced that.
        """
        before, self._before = self._before, sounding
        if lost:
            return self._repeated(LOST, now_s, new=False)
        self._at.pop(LOST, None)
        wanted = [priority for priority in sorted(sounding) if sounding[priority]]
        fresh = next((n for n in wanted if sounding[n] > before.get(n, 0)), None)
        if fresh is not None and (fresh == wanted[0] or TONES[wanted[0]].repeat_s is None):
            return self._repeated(TONES[fresh], now_s, new=True)
        return self._repeated(TONES[wanted[0]], now_s, new=False) if wanted else None

    def _repeated(self, tone: Tone, now_s: float, *, new: bool) -> Tone | None:
        at = self._at.get(tone)
        if not (new or at is None or (tone.repeat_s is not None and now_s - at >= tone.repeat_s)):
            return None
        self._at[tone] = now_s
        return tone


@dataclass(frozen=True, slots=True, kw_only=True)
class HornState(PageState):
    """Attributes:
    wanted: this station is an operator's, and its sound is switched on.
    owner: whose horn it is; None: nobody's.
    mine: it sounds here.
    """

    wanted: bool = False
    device: DeviceState = "closed"
    owner: HornOwner | None = None
    mine: bool = False
    volume: float = 0.7

    @property
    def unheard(self) -> bool:
        """Alarms make no sound anywhere, as far as this station knows."""
        return self.wanted and self.device in ("missing", "lost") and (self.owner is None or self.mine)


class HornPresenter(Presenter[HornState]):
    """Claims the horn every few seconds while its device works; the tones come from a timer of its own."""

    period_s = REOPEN_S

    def __init__(self, runtime: Runtime, engine: SoundEngine | None = None) -> None:
        super().__init__(runtime, HornState(volume=runtime.settings.hmi.sound_volume))
        self.engine = engine or SoundEngine()
        self.station = f"{platform.node()}/{os.getpid()}"
        self._repeater = Repeater()
        self._sounding: Mapping[int, int] = {}
        self._silenced = 0
        """The loss that has been silenced, as `_loss` grades it."""
        self._claimed = False
        self._opened_at = -REOPEN_S
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        if self.runtime.settings.hmi.sound:
            super().start()
            self._timer.start()

    def show_alarms(self, state: BannerState) -> None:
        """What asks for the horn."""
        self._sounding = state.sounding

    async def load(self) -> HornState:
        db = self.runtime.db
        wanted = self.runtime.may("operator")
        if wanted and self.engine.state == "ready":
            found = await alarms_horn.claim(db, self.station)
            if not self._claimed and found.station != self.station and _host(found.station) == _host(self.station):
                found = await alarms_horn.claim(db, self.station, take=True)  # this station's program of before
            self._claimed = True
            return self._with_owner(found, wanted=wanted)
        return self._with_owner(await alarms_horn.owner(db), wanted=wanted)

    def _with_owner(self, owner: HornOwner | None, *, wanted: bool) -> HornState:
        mine = owner is not None and owner.station == self.station
        return replace(
            self.state, loading=False, wanted=wanted, device=self.engine.state, owner=owner, mine=mine, error=""
        )

    def tick(self) -> None:
        """Play what is due; look after the device."""
        device = self.engine.state
        now = time.monotonic()
        if device != "ready" and self.runtime.may("operator") and now - self._opened_at >= REOPEN_S:
            self._opened_at = now
            self.runtime.spawn(self._open(), "open the audio device")
        if device != self.state.device:
            self.publish(replace(self.state, device=device))
        loss = self._loss
        self._silenced = min(self._silenced, loss)
        if not self.state.mine:
            return
        tone = self._repeater.due({} if loss == 2 else self._sounding, now, lost=loss > self._silenced)
        if tone is not None:
            self.engine.play(samples(tone, self.state.volume))

    @property
    def _loss(self) -> int:
        """2: the database is lost, 1: alarms are no longer evaluated, 0: neither."""
        if self.runtime.connection.stale_since is not None:
            return 2
        return int(self.runtime.evaluation.phase == "stopped")

    async def _open(self) -> None:
        await asyncio.to_thread(self.engine.open)
        self.refresh()

    def test(self, priority: int) -> None:
        """Play the tone of a priority once, whoever owns the horn."""
        self.engine.play(samples(TONES[priority], self.state.volume))

    def set_volume(self, volume: float) -> None:
        """Loudness from now on, 0-1."""
        self.publish(replace(self.state, volume=volume))

    def silence(self) -> None:
        """Be silent until the next new alarm; nothing is acknowledged."""
        self.engine.stop()
        self._silenced = self._loss
        if self._silenced < 2 and self.runtime.may("operator"):
            self.runtime.spawn(self._silence(), "silence")

    async def _silence(self) -> None:
        count = await alarms_horn.silence_all(self.runtime.db, self.station)
        self._sounding = {}
        if count:
            self.runtime.events.message.emit(tr.plural("{n} alarm silenced.", "{n} alarms silenced.", count))
        elif not self._silenced:
            self.runtime.events.message.emit(tr("Nothing sounds."))

    def take(self) -> None:
        """Let the horn sound here."""
        self.runtime.spawn(self._take(), "take the horn")

    async def _take(self) -> None:
        owner = await alarms_horn.claim(self.runtime.db, self.station, take=True)
        self.publish(self._with_owner(owner, wanted=True))

    async def close(self) -> None:
        """Give horn and device back."""
        self._timer.stop()
        self.stop()
        if self.state.mine and self.runtime.connection.connected:
            with suppress(KnownError, TimeoutError):
                async with asyncio.timeout(_RELEASE_S):
                    await alarms_horn.release(self.runtime.db, self.station)
        await asyncio.to_thread(self.engine.close)


def _host(station: str) -> str:
    return station.rpartition("/")[0]
