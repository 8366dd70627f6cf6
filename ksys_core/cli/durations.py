"""Durations on the command line."""

from __future__ import annotations

import re
from typing import Final

from ksys_core.errors import KnownError
from ksys_core.i18n import N_

_FORM: Final = re.compile(r"(\d+)\s*(s|m|min|h|d)?")
_UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> int:
    """Seconds of a duration like ``300``, ``5m`` or ``1h``.

    Raises:
        KnownError: it is none.
    """
    found = _FORM.fullmatch(text.strip())
    if not found:
        raise KnownError("cli.duration", N_("“{given}” is no duration; write 300, 5m or 1h."), given=text)
    return int(found[1]) * _UNITS[found[2] or "s"]
