"""TimescaleDB in WASM behind a loopback port, run by Node for as long as a block lasts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules" / "@unni-craftsman" / "pglite"


def missing() -> str | None:
    """Why the WASM build can't run here, None when it can."""
    if shutil.which("node") is None:
        return "needs Node.js, or a TimescaleDB server in KSYS_TEST_DSN"
    if not MODULES.is_dir():
        return f"needs its package: npm install --prefix {FOLDER.relative_to(Path(__file__).parents[3]).as_posix()}"
    return None


@contextmanager
def server() -> Iterator[str]:
    """DSN of a new server's one database: TimescaleDB is in it, nothing else. The server ends with the block."""
    process = subprocess.Popen(
        ["node", "server.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port.isdigit():
            raise RuntimeError(f"the TimescaleDB server did not start (exit status {process.wait(timeout=10)})")
        yield f"postgresql://postgres@127.0.0.1:{port}/template1"
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
