"""One edit of one alarm: what was typed is checked while it is typed, and stored with a reason."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping

from ksys_core.domain.alarms.master import BY_NAME, FIELDS, MasterRecord, with_values, written
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import alarms_master as master
from ksys_core.services.alarms_master import MasterAlarm, MasterTable
from ksys_hmi.models.master_rows import derivation_text
from ksys_hmi.runtime import Runtime

FORM = "form"
"""Name of a problem that belongs to no field."""
_NEW = N_("New alarm")


class EditSession:
    """Judges by the table as it was when the edit began, so that nobody's change in between is overwritten."""

    def __init__(
        self,
        runtime: Runtime,
        table: MasterTable,
        alarm: MasterAlarm | None,
        shown: MasterRecord | None,
        on_saved: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._table = table
        self._alarm = alarm
        self._on_saved = on_saved
        self._base = base = MasterRecord("", "H") if alarm is None else alarm.record
        self.texts = {field.name: written(field, getattr(shown or base, field.name)) for field in FIELDS}
        self.fixed = frozenset() if alarm is None else frozenset({"tag", "kind", "label"})

    @property
    def title(self) -> str:
        """Which alarm is edited."""
        return tr(_NEW) if self._alarm is None else " ".join(part for part in self._alarm.record.key if part)

    @property
    def tags(self) -> list[str]:
        """Names that the tag fields offer."""
        return sorted(self._table.tags)

    @property
    def unit(self) -> str:
        """The tag's unit; empty for a new alarm."""
        return "" if self._alarm is None else self._alarm.unit

    def problems(self, texts: Mapping[str, str]) -> dict[str, str]:
        """What is wrong, by field, in the person's language; empty: nothing."""
        values, unread = master.parse_fields(texts)
        record = with_values(self._base, values)  # what can't be read is judged as it was, the rest as it is typed
        judged = master.problems_of(self._table, [record]).get(record.key, [])
        return {problem.field: str(problem.error) for problem in reversed([*unread, *judged])}

    def priority(self, texts: Mapping[str, str]) -> str:
        """The priority that follows from what is typed, with its derivation."""
        values, _ = master.parse_fields(
            {name: texts[name] for name in ("severity", "response_s", "action_en", "action_ko")}
        )
        record = with_values(MasterRecord("", "H"), {k: v for k, v in values.items() if k in BY_NAME})
        return derivation_text(master.derivation_of(self._table, record), self._table.matrix)

    async def save(self, texts: Mapping[str, str], reason: str, moc: str) -> dict[str, str]:
        """Store it; empty when it came through, else what is wrong by field. Nothing typed is lost."""
        found = self.problems(texts)
        if found:
            return found
        values, _ = master.parse_fields(texts)
        try:
            count = await master.save(
                self._runtime.db, self._table, [MasterRecord(**values)], station=platform.node(), reason=reason, moc=moc
            )
        except KnownError as error:
            return {"reason" if error.code == "alarm.reason_missing" else FORM: str(error)}
        text = tr("{alarm} changed.", alarm=self.title) if count else tr("{alarm} is as it was.", alarm=self.title)
        self._runtime.events.message.emit(text)
        self._on_saved()
        return {}
