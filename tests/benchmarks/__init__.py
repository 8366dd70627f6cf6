"""Timing: `python -m tests.benchmarks.NAME --json` prints figures beside a reference measured in the same run."""
