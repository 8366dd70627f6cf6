"""Refusals that SQL functions raise (`ksys_refuse`): their codes and the sentences that the person reads."""

from __future__ import annotations

import json
from typing import Final

import asyncpg

from ksys_core.errors import KnownError
from ksys_core.i18n import N_

SQLSTATE: Final = "KS001"

TEXTS: Final[dict[str, str]] = {
    "readings.unknown_sensor": N_("There is no tag with the number {ids}. Create the tag first."),
    "alarm.reason": N_("Please give the reason for the change; it is kept in the audit log."),
    "alarm.gone": N_("The alarm with the number {id} no longer exists. Load the list again."),
    "limits.order": N_(
        "{tag}: limit {lower} ({lower_value}) must be below {upper} ({upper_value}). Change one of them."
    ),
}


def refusal(error: asyncpg.PostgresError) -> KnownError:
    """The `KnownError` that `error` stands for; its SQLSTATE is `SQLSTATE`."""
    code = str(error.args[0])
    params = json.loads(getattr(error, "detail", None) or "{}")
    return KnownError(code, TEXTS.get(code, code), **params)
