"""Timing: `python -m tests.benchmarks.NAME --json` prints figures beside a reference measured in the same run."""

import os

from ksys_core.services.compute import THREAD_VARIABLES

for _name in THREAD_VARIABLES:  # as in the product's workers; read when NumPy is loaded
    os.environ.setdefault(_name, "1")
