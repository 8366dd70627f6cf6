"""Tags that models look at beside their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ksys_core.domain.times import SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.i18n import N_
from ksys_core.services import model_grids
from ksys_core.store.pool import Database
from ksys_core.store.virtual import sensor_ids


async def with_inputs(db: Database, y: RegularSeries, tags: Iterable[str]) -> RegularSeries:
    """`y` with the readings of `tags` on the same intervals.

    Raises:
        KnownError: there is no such tag.
    """
    wanted = list(dict.fromkeys(tags))
    if not wanted:
        return y
    ids = await sensor_ids(db, wanted)
    for tag in wanted:
        if tag not in ids:
            raise KnownError("models.unknown_tag", N_("There is no tag {tag}."), tag=tag)
    grids = await model_grids.grids(
        db, [(sensor_id, len(y)) for sensor_id in ids.values()], stop_ns=y.stop, step_s=y.step // SECOND
    )
    return replace(y, inputs={tag: grids[ids[tag]].beside(y) for tag in wanted})


def beside(
    y: RegularSeries, tags: Sequence[str], ids: Mapping[str, int], grids: Mapping[int, RegularSeries]
) -> RegularSeries:
    """`y` with those of `tags` that there are, from grids by sensor."""
    if not tags:
        return y
    return replace(y, inputs={tag: grids[ids[tag]].beside(y) for tag in tags if tag in ids})
