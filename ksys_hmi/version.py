"""Version of the installed product."""

from __future__ import annotations


def version() -> str:
    """The version in the package's metadata."""
    from importlib.metadata import version as installed

    return installed("ksys")
