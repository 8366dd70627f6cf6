"""Use cases on one tag: what its faceplate shows, and changing its limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from ksys_core.domain.tags import LimitKind
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store import sensors
from ksys_core.store.pool import Database

_SPACES: Final = str.maketrans({" ": None, "\u2009": None, "\u00a0": None, "\u2212": "-"})


def parse_limits(texts: Mapping[LimitKind, str]) -> dict[LimitKind, float | None]:
    """Limits as a person typed them; blank means none, never zero.

    Raises:
        KnownError: a text is no number; it names the field.
    """
    return {kind: _parse(kind, text) for kind, text in texts.items()}


def _parse(kind: LimitKind, text: str) -> float | None:
    try:
        return parse_number(text)
    except KnownError as error:
        raise KnownError(
            "limits.number",
            N_("Limit {kind}: “{typed}” is no number. Write it like 12.5, or leave it empty for no limit."),
            kind=kind,
            typed=text.translate(_SPACES),
        ) from error


def parse_number(text: str) -> float | None:
    """A number as a person typed it; None when nothing stands there.

    Raises:
        KnownError: it is no number.
    """
    plain = text.translate(_SPACES)
    if not plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise KnownError("number", N_("“{typed}” is no number. Write it like 12.5."), typed=text)
    return value


async def change_limits(
    db: Database, *, sensor_id: int, texts: Mapping[LimitKind, str], reason: str, station: str
) -> bool:
    """Put typed limits in force from now on; False when they say what is in force already.

    Raises:
        KnownError: a text is no number, the order LL < L < H < HH is broken, the dead bands of the tag's alarms leave
            no room, or no reason is given.
    """
    limits = parse_limits(texts)
    if not reason.strip():
        raise KnownError("limits.reason", N_("Please give the reason for the change; it is kept in the audit log."))
    return await sensors.set_limits(db, sensor_id, limits, reason=reason.strip(), station=station)
