"""Season lengths on the command line."""

from __future__ import annotations

from ksys_core.errors import KnownError
from ksys_core.i18n import N_


def season_of(text: str) -> int | None:
    """Steps of ``24``, ``none`` (1) or ``auto`` (None).

    Raises:
        KnownError: it is none of these.
    """
    named = {"auto": None, "none": 1}
    if text in named:
        return named[text]
    if not text.isdecimal() or int(text) < 1:
        rule = N_("The season is a number of steps, “auto” or “none”, not “{given}”.")
        raise KnownError("cli.season", rule, given=text)
    return int(text)
