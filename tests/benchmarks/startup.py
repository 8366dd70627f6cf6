"""Seconds from process start to the first live banner against a running database.

``python -m tests.benchmarks.startup [--json]``; the reference is a process that imports PySide6 and pyqtgraph and
shows an empty window.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ksys_core.store.embedded import EmbeddedServer
from ksys_core.store.migrate import migrate

FIRST_BANNER = "the banner is live"
ROUNDS = 5
EMPTY_WINDOW = """
import sys
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph
app = QApplication([])
window = QMainWindow()
window.resize(1920, 1080)
window.show()
app.processEvents()
print("shown", file=sys.stderr, flush=True)
"""


def seconds_until(line: str, command: list[str], environment: dict[str, str]) -> float:
    """Start `command`; seconds until `line` is in its standard error. The process is ended then."""
    start = time.perf_counter()
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stderr is not None
        heard = []
        for said in process.stderr:
            heard.append(said)
            if line in said:
                took = time.perf_counter() - start
                process.kill()
                return took
    raise RuntimeError(f"{command[:3]} ended without {line!r}:\n{''.join(heard)}")


def measure(dsn: str, rounds: int) -> dict[str, object]:
    """Medians of `rounds` runs, ours and the reference in turn so that both see the same machine."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "TS_DSN": dsn}
    hmi = [sys.executable, "-m", "ksys_hmi", "--offscreen", "--log-level", "info", "--page", "service"]
    ours, reference = [], []
    for _ in range(rounds + 1):
        reference.append(seconds_until("shown", [sys.executable, "-c", EMPTY_WINDOW], environment))
        ours.append(seconds_until(FIRST_BANNER, hmi, environment))
    value, bare = statistics.median(ours[1:]), statistics.median(reference[1:])  # the first round warms the caches
    return {
        "name": "startup",
        "value": round(value, 3),
        "unit": "s",
        "reference": round(bare, 3),
        "ratio": round(value / bare, 2),
        "reference_is": "import of PySide6 and pyqtgraph, empty window shown",
        "rounds": rounds,
    }


def main() -> None:
    """Bring up an embedded database, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ksys-startup-"))
    folder.chmod(0o711)
    server = EmbeddedServer(folder)
    try:
        asyncio.run(migrate(server.start_or_adopt()))
        result = measure(server.dsn("operator"), options.rounds)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{result['value']} s to the live banner, {result['reference']} s bare: ratio {result['ratio']}")


if __name__ == "__main__":
    main()
