"""What the start waits for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("babel", "ksys_core.forecasting.registry", "openpyxl", "pandas", "pyqtgraph", "scipy", "structlog", "xgboost")
SHOWN = """
import sys
import ksys_hmi.app, ksys_hmi.views.dashboard, ksys_hmi.views.main_window
print(*sorted(set(sys.argv[1:]) & sys.modules.keys()))
"""


def test_the_first_page_loads_no_library_that_it_can_do_without() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", SHOWN, *HEAVY], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == []
