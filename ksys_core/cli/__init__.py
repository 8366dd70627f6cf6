"""The command `ksys`."""

from ksys_core.cli.program import main

__all__ = ["main"]
