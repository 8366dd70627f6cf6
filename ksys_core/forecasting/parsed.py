"""The models this process has read, by fingerprint: an artefact is sent and checked once, not every cycle."""

from __future__ import annotations

from threading import Lock
from typing import Final

from ksys_core.forecasting import artefacts
from ksys_core.forecasting.base import Fitted

KEPT: Final = 8192
"""Models kept; the one that was read first goes when there are more."""

_models: Final[dict[str, Fitted]] = {}
_lock: Final = Lock()


def known(sha256: str) -> bool:
    """Whether the model of this fingerprint can be had without its text."""
    return sha256 in _models


def model(text: str, sha256: str) -> Fitted:
    """The model of an artefact; `text` may be empty when it is `known`.

    Raises:
        KnownError: the text is not what it should be (see `artefacts.load`).
    """
    found = _models.get(sha256)
    if found is None:
        found = artefacts.load(text, sha256)
        with _lock:
            while len(_models) >= KEPT:
                del _models[next(iter(_models))]
            _models[sha256] = found
    return found


def forget() -> None:
    """Begin anew."""
    with _lock:
        _models.clear()
