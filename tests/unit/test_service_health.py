"""Signs of life to systemd, and the arithmetic of slots."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.times import SECOND
from scheduler_service.context import JobContext
from scheduler_service.health import sd_notify, watchdog_interval_s
from scheduler_service.jobs import Job


async def nothing(_context: JobContext) -> int:
    return 0


def test_systemd_gets_the_message(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        assert sd_notify("READY=1", {"NOTIFY_SOCKET": address})
        assert systemd.recv(100) == b"READY=1"


def test_an_abstract_socket_gets_the_message() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("")
        address = systemd.getsockname()
        assert sd_notify("WATCHDOG=1", {"NOTIFY_SOCKET": "@" + address[1:].decode()})
        assert systemd.recv(100) == b"WATCHDOG=1"


def test_without_systemd_nothing_is_sent() -> None:
    assert not sd_notify("READY=1", {})


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [({}, None), ({"WATCHDOG_USEC": "10000000"}, 5.0), ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None)],
)
def test_the_watchdog_is_pinged_at_half_its_time(environ: dict[str, str], seconds: float | None) -> None:
    assert watchdog_interval_s(environ) == seconds


@given(
    now=st.integers(0, 2**61),
    interval_s=st.sampled_from([1.0, 10.0, 60.0, 300.0, 3600.0]),
    offset_s=st.sampled_from([0.0, 2.0, 15.0, 420.0]),
)
def test_a_slot_is_the_newest_multiple_of_the_interval(now: int, interval_s: float, offset_s: float) -> None:
    job = Job("any", "Any", interval_s, nothing, 10, offset_s=offset_s)
    slot = job.slot(now)
    assert (slot - round(offset_s * SECOND)) % round(interval_s * SECOND) == 0
    assert slot <= now < slot + round(interval_s * SECOND)
    assert job.slot(slot) == slot
