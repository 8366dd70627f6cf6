"""Which collector belongs to which kind of source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scheduler_service.collectors import Make

KINDS: Final[Mapping[str, Make]] = {}
