"""What a source of readings is to the programs that run it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.tags import Origin
from ksys_core.settings import Settings
from ksys_core.store.pool import Database

Progress = Callable[[int, int], None]
"""Takes the readings done and the readings in all."""


class Source(Protocol):
    """Live readings from the field or in its stead."""

    @property
    def origin(self) -> Origin:
        """What its tags are marked with."""

    def batches(self) -> AsyncIterator[ReadingBatch]:
        """Readings as they come, until the source ends or the iteration is cancelled.

        Raises:
            KnownError: the source is lost or its tags are not set up.
        """

    async def fill(self, progress: Progress) -> None:
        """Store what history the source has, beside the live readings; returns when there is none left."""


class Definition(Protocol):
    """A row of ``data_sources``."""

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> Mapping[str, Any]: ...


MakeSource = Callable[[Database, Settings, Definition], Source]
