"""The running server of a data folder: what its ``postmaster.pid`` says, and whether that is still true."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_ANSWER_S: Final = 5.0
_SSL_REQUEST: Final = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""The one message that every PostgreSQL answers before a login, with a byte (frontend/backend protocol, 54.2.10)."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The lines of ``postmaster.pid`` that matter here."""

    pid: int
    port: int
    socket_dir: str
    status: str


def read(pgdata: Path) -> Postmaster | None:
    """What ``postmaster.pid`` says; None when it is missing or only half written."""
    try:
        lines = (pgdata / "postmaster.pid").read_text("utf-8").splitlines()
        return Postmaster(int(lines[0]), int(lines[3]), lines[4], lines[7].strip())
    except (FileNotFoundError, PermissionError, IndexError, ValueError):
        return None


def running(pgdata: Path) -> Postmaster | None:
    """The live postmaster of this folder: the file alone is not believed, its process must serve this folder."""
    found = read(pgdata)
    if found is None:
        return None
    with contextlib.suppress(psutil.NoSuchProcess):
        if _serves(psutil.Process(found.pid), pgdata):
            return found
    return None


def answers(server: Postmaster) -> bool:
    """Whether `server` still speaks: a process that is dying this moment accepts a connection, but only resets it.

    A server that is too busy to say anything is not dying.
    """
    try:
        with _connected(server) as probe:
            probe.sendall(_SSL_REQUEST)
            return probe.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def _connected(server: Postmaster) -> socket.socket:
    if not server.socket_dir:
        return socket.create_connection(("127.0.0.1", server.port), timeout=_ANSWER_S)
    probe = socket.socket(socket.AF_UNIX)
    probe.settimeout(_ANSWER_S)
    try:
        probe.connect(f"{server.socket_dir}/.s.PGSQL.{server.port}")
    except OSError:
        probe.close()
        raise
    return probe


def forget(pgdata: Path) -> None:
    """Remove the traces of a postmaster that was killed, once none of its processes is left.

    PostgreSQL itself refuses to start when the old process id now belongs to something else or is a zombie, so
    the proof that nobody works on the folder is done here: processes of `pgdata` get 5 s to end by themselves
    (they do when their postmaster is gone), then they are killed.
    """
    left = _survivors(pgdata)
    _, stubborn = psutil.wait_procs(left, timeout=5)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    found = read(pgdata)
    (pgdata / "postmaster.pid").unlink(missing_ok=True)
    if found is not None and found.socket_dir:
        listening = Path(found.socket_dir) / f".s.PGSQL.{found.port}"
        listening.unlink(missing_ok=True)
        listening.with_name(listening.name + ".lock").unlink(missing_ok=True)


def wait_gone(pid: int, timeout_s: float) -> bool:
    """Wait for the end of process `pid`; a zombie counts as ended."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def _serves(process: psutil.Process, pgdata: Path) -> bool:
    if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
        return False
    try:
        return Path(process.cwd()).samefile(pgdata)
    except (psutil.AccessDenied, OSError):
        return False


def _survivors(pgdata: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess):
            if _serves(process, pgdata):
                found.append(process)
    return found
