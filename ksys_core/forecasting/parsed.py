"""The models this process has read, by fingerprint: an artefact is sent and checked once, not every cycle."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

from ksys_core.forecasting import anomaly_model, artefacts

ModelT = TypeVar("ModelT")


class Parsed(Generic[ModelT]):
    """Models read by `load`, which is given a text and its fingerprint; `kept` of them, the first one read goes."""

    def __init__(self, load: Callable[[str, str], ModelT], kept: int) -> None:
        self.kept = kept
        self._load = load
        self._models: dict[str, ModelT] = {}
        self._lock = Lock()

    def known(self, sha256: str) -> bool:
        """Whether the model of this fingerprint can be had without its text."""
        return sha256 in self._models

    def fingerprints(self) -> list[str]:
        """Of all models that are known."""
        with self._lock:
            return list(self._models)

    def model(self, text: str, sha256: str) -> ModelT:
        """The model of an artefact; `text` may be empty when it is `known`. Raises what `load` raises."""
        found = self._models.get(sha256)
        if found is None:
            found = self._load(text, sha256)
            with self._lock:
                while len(self._models) >= self.kept:
                    del self._models[next(iter(self._models))]
                self._models[sha256] = found
        return found

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._models.clear()


FORECASTERS: Final = Parsed(artefacts.load, 8192)
DETECTORS: Final = Parsed(anomaly_model.load, 512)
