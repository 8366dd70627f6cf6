"""Numbers of a text column: values, gaps and what is neither."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray

Decimal = Literal[".", ","]
Mask = npt.NDArray[np.bool_]

GAPS: Final = frozenset({"", "nan", "null", "none", "na", "n/a", "#n/a", "-", "--", "---", "----", "?"})
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def parse_numbers(texts: Sequence[str], decimal: Decimal = ".") -> tuple[ValueArray, Mask, Mask]:
    """Values (NaN where there is none), where the cell is a gap, where it is neither gap nor finite number."""
    if decimal == ",":
        texts = [_with_point(text) for text in texts]
    values = _quick(texts)
    if values is None:
        values = np.array([_careful(text) for text in texts], dtype=np.float64)
    missing = np.isnan(values)
    bad = np.isinf(values)
    if missing.any():
        empty = [texts[i].strip().lower() in GAPS for i in np.flatnonzero(missing).tolist()]
        bad[np.flatnonzero(missing)[~np.array(empty, np.bool_)]] = True
    values[bad] = np.nan
    return values, missing & ~bad, bad


def _quick(texts: Sequence[str]) -> ValueArray | None:
    """All at once when every cell is a plain number or empty, else None."""
    try:
        values = np.array([float(text or "nan") for text in texts], dtype=np.float64)
    except ValueError:
        return None
    joined = "".join(texts)
    return values if joined.isascii() and "_" not in joined else None


def _careful(text: str) -> float:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else float("nan")


def _with_point(text: str) -> str:
    return text if "," not in text else "x" if "." in text else text.replace(",", ".")
