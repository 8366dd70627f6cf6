"""What every benchmark prints: one JSON object a line, each figure beside a reference of the same run."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ksys_core.store.embedded import EmbeddedServer


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with ``--json``: JSON lines alone on standard output."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="one JSON object a line and nothing else")
    return made


def line(name: str, value: float, unit: str, reference: float, *, as_json: bool, **more: object) -> None:
    """Print a figure, its reference (same unit) and their ratio, value over reference; `more` is printed as it is."""
    figures = {"name": name, "value": _short(value), "unit": unit, "reference": _short(reference)}
    whole = {**figures, "ratio": round(value / reference, 3), **more}
    if as_json:
        print(json.dumps(whole), flush=True)
    else:
        print(", ".join(f"{key} {value}" for key, value in whole.items()), flush=True)


@contextmanager
def durable_server() -> Iterator[str]:
    """DSN of a fresh embedded server with the settings of the product."""
    folder = Path(tempfile.mkdtemp(prefix="ksys-bench-"))
    folder.chmod(0o711)
    server = EmbeddedServer(folder)
    try:
        yield server.start_or_adopt()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
