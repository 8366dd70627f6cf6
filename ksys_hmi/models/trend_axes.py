"""Which pens share a Y axis, and from where to where each axis goes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

MOST_AXES: Final = 4
_RATIO: Final = 20.0
"""Pens of one unit whose spreads differ by more than this get axes of their own."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a pen needs of its axis."""

    slot: int
    unit: str
    low: float
    high: float
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Axis:
    """A Y axis: its range, unit, and the pens (slots) drawn on it."""

    low: float
    high: float
    unit: str
    slots: tuple[int, ...]
    decimals: int = 2
    fixed: bool = False


def grouped(extents: Sequence[Extent]) -> list[tuple[Extent, ...]]:
    """Pens that can share an axis: the same unit, and spreads of like size; in the order of their first pen."""
    groups: list[list[Extent]] = []
    for extent in extents:
        home = next((group for group in groups if _fits(extent, group)), None)
        if home is None:
            groups.append([extent])
        else:
            home.append(extent)
    return [tuple(group) for group in groups]


def _fits(extent: Extent, group: list[Extent]) -> bool:
    if extent.unit != group[0].unit:
        return False
    both = (*group, extent)
    if any(math.isnan(one.low) for one in both):
        return True
    whole = max(one.high for one in both) - min(one.low for one in both)
    narrowest = min(one.high - one.low for one in both)
    return narrowest <= 0 or whole <= _RATIO * narrowest


def axes_of(
    groups: Iterable[tuple[Extent, ...]], before: Mapping[tuple[int, ...], Axis], *, autoscale: bool
) -> tuple[Axis, ...]:
    """An axis a group. Without `autoscale` an axis that was there `before` keeps its range."""
    axes = []
    for group in groups:
        slots = tuple(extent.slot for extent in group)
        old = before.get(slots)
        if old is not None and (old.fixed or not autoscale):
            axes.append(old)
            continue
        low, high = scaled(group, old)
        axes.append(Axis(low, high, group[0].unit, slots, max(extent.decimals for extent in group)))
    return tuple(axes)


def scaled(group: Sequence[Extent], old: Axis | None) -> tuple[float, float]:
    """A range on round numbers around all pens of `group`; the `old` one while it still fits without waste."""
    known = [extent for extent in group if not math.isnan(extent.low)]
    if not known:
        return (old.low, old.high) if old else (0.0, 1.0)
    low, high = min(extent.low for extent in known), max(extent.high for extent in known)
    if old is not None and old.low <= low and high <= old.high and (high - low) > 0.55 * (old.high - old.low):
        return old.low, old.high
    return rounded(low, high, min(extent.decimals for extent in known))


def rounded(low: float, high: float, decimals: int) -> tuple[float, float]:
    """`low` and `high` moved out to round numbers with some room; a flat line gets a range about itself."""
    least = 10.0**-decimals
    if high - low < least:
        middle, half = (low + high) / 2, max(least / 2, abs(high + low) * 0.005)
        low, high = middle - half, middle + half
    room = (high - low) * 0.04
    step = tick_step(high - low + 2 * room, 20)
    bottom = math.floor((low - room) / step) * step
    return max(bottom, 0.0) if low >= 0 else bottom, math.ceil((high + room) / step) * step


def tick_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that cuts `span` into at most `most` parts."""
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= rough * (1 - 1e-9))


def value_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Round values in ``[low, high]`` with their texts, at most about `most`."""
    step = tick_step(high - low, most)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-6)
    values = np.arange(first, math.floor(high / step + 1e-6) + 1) * step
    return [(float(value), _tick_text(float(value), step, decimals)) for value in values]


def _tick_text(value: float, step: float, decimals: int) -> str:
    if abs(value) < step / 1e6:
        value = 0.0
    return f"{value:,.{decimals}f}".replace(",", "\u2009").replace("-", "\u2212")
