"""The audio device (miniaudio): plays tones, and knows when nobody can hear them."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from typing import Final, Literal

import miniaudio
import numpy as np

from ksys_hmi.sound.tones import RATE, Samples

DeviceState = Literal["closed", "ready", "missing", "lost"]

AUDIBLE: Final = tuple(
    backend for backend in miniaudio.Backend if backend not in (miniaudio.Backend.NULL, miniaudio.Backend.CUSTOM)
)
_DISCARDING: Final = "Discard all samples"
"""How ALSA's device that swallows everything is called; it stands in for a sound card that is not there."""
_BUFFER_MS: Final = 50
_SILENT_S: Final = 1.5
"""A device that has asked for no samples for so long is lost."""


class SoundEngine:
    """One open playback device, always fed (with silence between the tones), so that its loss is noticed at once.

    `open` and `close` may take a while: call them in a thread. `play`, `stop` and `state` return at once.

    Args:
        backends: audio systems that count; by default those that somebody can hear.
    """

    def __init__(self, backends: Sequence[miniaudio.Backend] = AUDIBLE) -> None:
        self._backends = list(backends)
        self._device: miniaudio.PlaybackDevice | None = None
        self._missing = False
        self._lock = threading.Lock()
        self._waiting = np.zeros(0, np.int16)
        self._asked_at = 0.0

    @property
    def state(self) -> DeviceState:
        """``lost``: the device was there and takes nothing any more."""
        if self._missing:
            return "missing"
        if self._device is None:
            return "closed"
        return "ready" if time.monotonic() - self._asked_at < _SILENT_S else "lost"

    @property
    def name(self) -> str:
        """The audio system in use; empty without one."""
        return "" if self._device is None else str(self._device.backend)

    @property
    def playing(self) -> bool:
        """Whether a tone is under way."""
        with self._lock:
            return len(self._waiting) > 0

    def open(self) -> None:
        """Open the system's device (again); `state` says whether there is one."""
        self.close()
        device: miniaudio.PlaybackDevice | None = None
        try:
            if self._someone_hears():
                device = miniaudio.PlaybackDevice(
                    miniaudio.SampleFormat.SIGNED16, 1, RATE, _BUFFER_MS, backends=self._backends, app_name="KSys"
                )
                stream = self._stream()
                next(stream)
                self._asked_at = time.monotonic()
                device.start(stream)
        except miniaudio.MiniaudioError:
            device = None
        self._device, self._missing = device, device is None

    def play(self, sound: Samples) -> None:
        """Play `sound` from now on; what sounded before ends."""
        with self._lock:
            self._waiting = sound

    def stop(self) -> None:
        """Be silent."""
        self.play(np.zeros(0, np.int16))

    def close(self) -> None:
        """Give the device back."""
        device, self._device = self._device, None
        self.stop()
        if device is not None:
            device.close()

    def _someone_hears(self) -> bool:
        if miniaudio.Backend.NULL in self._backends:
            return True
        found = miniaudio.Devices(self._backends).get_playbacks()
        return any(not device["name"].startswith(_DISCARDING) for device in found)

    def _stream(self) -> Generator[bytes, int, None]:
        """Samples as the device asks for them, in the device's thread."""
        frames = yield b""
        while True:
            self._asked_at = time.monotonic()
            with self._lock:
                part, self._waiting = self._waiting[:frames], self._waiting[frames:]
            frames = yield part.tobytes() + bytes(2 * (frames - len(part)))
