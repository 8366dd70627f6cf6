"""``ksys-hmi --demo`` as a person runs it: live within seconds, mended when a part is killed, gone when closed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from PySide6.QtGui import QImage

from ksys_core.store.embedded import EmbeddedServer

ROOT = Path(__file__).parents[2]
SHORT_HISTORY = {"KSYS_SIMULATOR__HISTORY_DAYS": "0.05"}


class Demo:
    """One demo process on a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.server = EmbeddedServer(folder)
        command = [sys.executable, "-m", "ksys_hmi", "--demo", "--offscreen", "--data-dir", str(folder), *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | SHORT_HISTORY, stderr=subprocess.PIPE, text=True
        )

    def value(self, query: str) -> Any:
        """The one value of `query`, or None while the database can't be asked."""

        async def ask() -> Any:
            connection = await asyncpg.connect(self.server.dsn("ksys"), timeout=5)
            try:
                return await connection.fetchval(query)
            finally:
                await connection.close()

        try:
            return asyncio.run(ask())
        except Exception:  # noqa: BLE001 - not there yet, whatever the reason
            return None

    def until(self, condition: Callable[[], object], within_s: float = 90) -> None:
        """Wait for `condition` while the process lives."""
        end = time.monotonic() + within_s
        while not condition():
            assert self.process.poll() is None, f"the demo ended: {self.errors()}"
            assert time.monotonic() < end, "it took too long"
            time.sleep(0.1)

    def live(self) -> bool:
        """Whether its service runs and readings younger than 30 s are stored."""
        return self.service() is not None and bool(
            self.value("select max(ts) > now() - interval '30 s' from sensor_latest")
        )

    def service(self) -> psutil.Process | None:
        """The service's process."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # a zombie has no command line
                if "scheduler_service" in child.cmdline():
                    return child
        return None

    def errors(self) -> str:
        """What it wrote to standard error; waits for its end."""
        return self.process.communicate(timeout=60)[1]

    def close(self) -> int:
        """Ask it to end, as closing the window does; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def start(server_folder: Path) -> Iterator[Callable[..., Demo]]:
    """Starts demos on one folder; ends what is left."""
    demos: list[Demo] = []

    def begin(*options: str) -> Demo:
        demos.append(Demo(server_folder, *options))
        return demos[-1]

    yield begin
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.kill()
            demo.process.communicate()
    EmbeddedServer(server_folder).stop()


def test_it_comes_up_writes_its_picture_and_leaves_nothing_behind(start: Callable[..., Demo], tmp_path: Path) -> None:
    picture = tmp_path / "service.png"
    demo = start("--page", "service", "--language", "en", "--screenshot", str(picture))
    demo.until(demo.live)
    demo.until(picture.exists)
    service = demo.service()
    assert service is not None
    assert demo.close() == 0
    assert not service.is_running()
    assert not demo.server.alive()
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1920, 1080)


def test_a_second_demo_on_the_folder_says_so_and_ends(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.until(demo.live)
    second = start()
    said = second.errors()
    assert second.process.returncode == 2
    assert said.count("\n") == 1
    assert str(demo.process.pid) in said
    assert demo.process.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_parts_come_back(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.until(demo.live)
    first = demo.service()
    assert first is not None
    first.kill()
    demo.until(lambda: (again := demo.service()) is not None and again.pid != first.pid)
    assert demo.server.pid is not None
    postmaster = psutil.Process(demo.server.pid)
    for process in (postmaster, *postmaster.children(recursive=True)):
        process.kill()
    demo.until(lambda: demo.server.pid not in (None, postmaster.pid))
    demo.until(demo.live)
    assert demo.close() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_screen_leaves_a_folder_that_the_next_start_takes_up(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.until(demo.live)
    service = demo.service()
    assert service is not None
    before = demo.value("select count(*) from sensor_readings")
    demo.process.kill()
    demo.process.communicate()
    service.wait(30)  # its parent is gone
    again = start("--exit-after", "60")
    again.until(lambda: (again.value("select count(*) from sensor_readings") or 0) >= before)
    again.until(again.live)
    assert again.close() == 0
    assert not again.server.alive()
