"""The comparison on a file: columns of readings beside a file of labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.domain.series import Series
from ksys_core.domain.times import DAY
from ksys_core.errors import KnownError
from ksys_core.forecasting.grid import RegularSeries, from_series
from ksys_core.i18n import N_
from ksys_core.services.comparison import TRAINING, Compared, Labelled, compare
from ksys_core.services.labels import Label, events_of, read_labels, total
from ksys_core.sources.tabular.layout import Options
from ksys_core.sources.tabular.reader import TableReader

_FEW = 200


def compare_file(
    path: Path,
    labels: Path,
    zone: ZoneInfo,
    *,
    options: Options | None = None,
    training: float = TRAINING,
    season: int | None = None,
) -> list[Compared]:
    """Both detectors on every column of `path`: in all (of several), then by column. Takes a second or more.

    Labels with a tag are of the column of that name, those without one of every column.

    Args:
        training: share of the rows that teaches.
        season: steps of a season; None: a day, where its training part holds two, else none.

    Raises:
        KnownError: a file can't be read, there are too few values, or the share is none.
    """
    if not 0.05 <= training <= 0.9:
        raise KnownError("compare.share", N_("The share that teaches must lie between 0.05 and 0.9."))
    given = read_labels(labels, zone)
    found = [
        compare([_labelled(name, y, given, training, season)])
        for name, y in read_columns(path, zone, options or Options()).items()
        if len(y) >= _FEW
    ]
    if not found:
        raise KnownError("compare.few", N_("{file} has no column with at least {n} values."), file=path.name, n=_FEW)
    return [total(found), *found] if len(found) > 1 else found


def read_columns(path: Path, zone: ZoneInfo, options: Options) -> dict[str, RegularSeries]:
    """The columns of a table as regular series on the most usual interval, by header."""
    reader = TableReader(path, zone, options)
    pieces = list(reader.pieces())
    if not pieces:
        return {}
    tag, t, v = (np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("tag", "t", "v"))
    return {header: regular(t[tag == i], v[tag == i]) for i, header in enumerate(reader.tags) if (tag == i).sum() > 1}


def regular(t: np.ndarray, v: np.ndarray) -> RegularSeries:
    """Readings as means on a grid of their median distance; of several at one instant the first counts."""
    t, first = np.unique(t, return_index=True)
    step = max(int(np.median(np.diff(t))), 1)
    start, stop = int(t[0]) // step * step, (int(t[-1]) // step + 1) * step
    return from_series(Series.of(t, v[first]), start=start, stop=stop, step=step)


def _labelled(name: str, y: RegularSeries, labels: Sequence[Label], training: float, season: int | None) -> Labelled:
    own = [each for each in labels if each.tag in (None, name)]
    count = round(training * len(y))
    day = DAY // y.step if DAY % y.step == 0 else 1
    chosen = season if season is not None else (day if 2 * day <= count else 1)
    return Labelled(name, y, events_of(own), count, chosen)
