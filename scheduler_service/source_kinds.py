"""The kinds of sources this service can collect from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ksys_core.sources.kinds import SOURCE_KINDS
from scheduler_service.collectors import Make

KINDS: Final[Mapping[str, Make]] = SOURCE_KINDS
