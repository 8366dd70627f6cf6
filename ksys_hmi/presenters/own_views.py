"""A person's saved filters and choice of columns, the same at every desk."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from ksys_core.i18n import tr
from ksys_core.store.own_settings import load_own, save_own
from ksys_hmi.models.alarm_filter import AlarmFilter
from ksys_hmi.runtime import Runtime

_FILTERS: Final = "alarms.filters"
_COLUMNS: Final = "alarms.columns"


class OwnViews(QObject):
    """Loaded when the page is shown, saved at each change."""

    changed = Signal()

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self._runtime = runtime
        self._filters: dict[str, Any] = {}
        self.columns: Mapping[str, Any] = {}
        """Layout of each list's columns, by the list's title."""

    @property
    def filters(self) -> dict[str, AlarmFilter]:
        """By name, sorted."""
        return {name: AlarmFilter.from_json(saved) for name, saved in sorted(self._filters.items())}

    def load(self) -> None:
        """Read both anew."""
        self._runtime.spawn(self._load(), "own views")

    def save_filter(self, name: str, wanted: AlarmFilter) -> None:
        """Keep a filter under a name, in place of what had it."""
        self._filters = {**self._filters, name: wanted.as_json()}
        self._keep(_FILTERS, self._filters, tr("Filter “{name}” saved.", name=name))

    def delete_filter(self, name: str) -> None:
        self._filters = {each: saved for each, saved in self._filters.items() if each != name}
        self._keep(_FILTERS, self._filters, tr("Filter “{name}” deleted.", name=name))

    def save_columns(self, title: str, layout: Mapping[str, Any]) -> None:
        """Keep the columns of one list."""
        if self.columns.get(title) != layout:
            self.columns = {**self.columns, title: layout}
            self._keep(_COLUMNS, self.columns, "")

    async def _load(self) -> None:
        for name in (_FILTERS, _COLUMNS):
            found = await load_own(self._runtime.db, name)
            if isinstance(found, dict):
                if name == _FILTERS:
                    self._filters = found
                else:
                    self.columns = found
        self.changed.emit()

    def _keep(self, name: str, value: Any, said: str) -> None:
        async def save() -> None:
            await save_own(self._runtime.db, name, value, platform.node())
            if said:
                self._runtime.events.message.emit(said)

        self.changed.emit()
        self._runtime.spawn(save(), "save own views")
