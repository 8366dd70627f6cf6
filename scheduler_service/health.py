"""Signs of life: systemd's notifications, the loop's stalls, the heartbeat row."""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import Mapping
from typing import Final

from ksys_core.log import get_logger

_log = get_logger(__name__)
STALL_S: Final = 0.25
_TICK_S: Final = 0.1
_REMEMBERED: Final = 600


def sd_notify(message: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send `message` (``READY=1``, ``STATUS=…``) to systemd; False when not started by it."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(message.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
        except OSError as error:
            _log.warning("systemd not reached", reason=str(error))
            return False
    return True


def watchdog_interval_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """Half of the time systemd allows between two ``WATCHDOG=1``, seconds; None when it watches not."""
    wanted = environ.get("WATCHDOG_USEC", "")
    if not wanted.isdigit() or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(wanted) / 2e6


async def ping_watchdog(environ: Mapping[str, str] = os.environ) -> None:
    """Ping from the loop for ever, so that a blocked loop is noticed."""
    interval = watchdog_interval_s(environ)
    while interval is not None:
        sd_notify("WATCHDOG=1", environ)
        await asyncio.sleep(interval)


class LoopWatch:
    """Measures how late the loop wakes up."""

    def __init__(self) -> None:
        self._lags: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def longest_s(self) -> float:
        """The longest stall of the last minute, seconds."""
        return max(self._lags, default=0.0)

    async def watch(self) -> None:
        """Measure for ever; stalls above 250 ms are logged."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + _TICK_S
            await asyncio.sleep(_TICK_S)
            lag = max(clock() - due, 0.0)
            self._lags.append(lag)
            if lag > STALL_S:
                _log.warning("loop stalled", seconds=round(lag, 3))
