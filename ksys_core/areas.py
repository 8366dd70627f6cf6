"""Paths of the plant hierarchy, ``"RO/Stage 1"``, in the user's language."""

from __future__ import annotations

from ksys_core.i18n import tr


def area_title(area: str) -> str:
    """The path with each part translated where a translation exists: ``"RO / 1단"``."""
    return " / ".join(tr(part) for part in area.split("/") if part)
