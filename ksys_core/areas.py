"""Paths of the plant hierarchy, ``"RO/Stage 1"``, in the user's language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ksys_core.i18n import Translator, tr


def area_title(area: str, to: Translator = tr) -> str:
    """The path with each part translated where a translation exists: ``"RO / 1단"``."""
    return " / ".join(to(part) for part in area.split("/") if part)


def area_order(area: str) -> tuple[Any, ...]:
    """Sorts paths as people count: what is above before what is below it, "Unit 3" before "Unit 20"."""
    return tuple(_counted(part) for part in area.split("/"))


@lru_cache(maxsize=16_384)
def _counted(part: str) -> tuple[Any, ...]:
    """Texts and numbers in turn, then the part itself: different parts are never equal."""
    pieces = re.split(r"([0-9]+)", part.casefold())
    return tuple(int(piece) if n % 2 else piece for n, piece in enumerate(pieces)), part
