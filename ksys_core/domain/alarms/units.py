"""In what unit the value and the limit of an alarm are: not every kind compares the tag's value itself."""

from __future__ import annotations

from ksys_core.domain.alarms.definition import LIMIT_KINDS


def on_the_axis(kind: str) -> bool:
    """Whether the limit is a value of the tag, to be drawn beside its values."""
    return kind in LIMIT_KINDS or kind == "STATE"


def value_unit(kind: str, unit: str) -> str:
    """Unit of the value at the crossing: of RATE the tag's unit a minute, else the tag's."""
    return f"{unit}/min" if kind == "RATE" else unit


def own_limit_unit(kind: str) -> str:
    """Unit of a limit that is not compared with the value beside it: of FLAT seconds."""
    return "s" if kind == "FLAT" else ""


def limit_unit(kind: str, unit: str) -> str:
    """Unit of the limit."""
    return own_limit_unit(kind) or value_unit(kind, unit)


def limit_decimals(kind: str, decimals: int) -> int:
    """Decimals of the limit, of a tag that is shown with `decimals`."""
    return 0 if own_limit_unit(kind) else decimals
