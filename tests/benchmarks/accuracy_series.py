"""The measured series that accuracy is judged by: columns of the files of a data folder, on their own grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.domain.series import Series
from ksys_core.forecasting.grid import RegularSeries, from_series
from ksys_core.sources.tabular.layout import Options
from ksys_core.sources.tabular.reader import TableReader

FOLDER = Path(__file__).parents[3] / "shared" / "data"
"""Beside the checkout."""


@dataclass(frozen=True)
class Source:
    """A file with the columns that are series, its wall clock, and the steps of a day."""

    file: str
    columns: tuple[str, ...]
    zone: str
    season: int | None
    time: str | None = None


SOURCES = (
    Source("bwdf/inflow_2021.csv", tuple(f"DMA {i} (L/s)" for i in range(1, 11)), "Europe/Rome", 24),
    Source(
        "tetouan/powerconsumption.csv",
        tuple(f"PowerConsumption_Zone{i}" for i in (1, 2, 3)),
        "UTC",  # the file knows no daylight saving
        144,
        "Datetime",
    ),
    Source("yosemite/yosemite_temps_5min.csv", ("y",), "UTC", 288),
    Source("valencia/air_quality_valencia.csv", ("o3", "no2"), "UTC", 24),
    Source("water_flow/water-flow.csv", ("Water flow [l/s]",), "Europe/Paris", 24),
    Source("turbine/turbine_emission.csv", ("TEY", "AT"), "UTC", 24, "datetime"),
    Source("nab/data/machine_temperature_system_failure.csv", ("value",), "UTC", 288),
)


@dataclass(frozen=True)
class Named:
    """A series to forecast, and the wall clock that those follow who make it."""

    name: str
    season: int | None
    y: RegularSeries
    zone: str = "UTC"


def stored(folder: Path, newest: int) -> Iterator[Named]:
    """Every series of the folder, its newest values."""
    for source in SOURCES:
        found = read(folder / source.file, source.time, ZoneInfo(source.zone))
        for column in source.columns:
            name = f"{source.file.split('/')[0]} {column}"
            yield Named(name, source.season, found[column].tail(newest), source.zone)


def read(path: Path, time: str | None, zone: ZoneInfo) -> dict[str, RegularSeries]:
    """The columns of `path` by header."""
    reader = TableReader(path, zone, Options(time, "wide"))
    pieces = list(reader.pieces())
    tag, t, v = (np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("tag", "t", "v"))
    return {header: _regular(t[tag == i], v[tag == i]) for i, header in enumerate(reader.tags) if (tag == i).any()}


def _regular(t: np.ndarray, v: np.ndarray) -> RegularSeries:
    t, first = np.unique(t, return_index=True)
    step = int(np.median(np.diff(t)))
    start = int(t[0]) // step * step
    stop = (int(t[-1]) // step + 1) * step
    return from_series(Series.of(t, v[first]), start=start, stop=stop, step=step)
