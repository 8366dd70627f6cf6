"""`ksys alarms note-classes`: the classes of alarms that are acknowledged with a note only."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Sequence

from ksys_core.cli.common import DEFAULT, Common, database
from ksys_core.domain.alarms.definition import AlarmClass
from ksys_core.i18n import tr
from ksys_core.services import alarms
from ksys_core.settings_sources import LoadedSettings


def command(*classes: AlarmClass, reason: str = "", common: Common = DEFAULT) -> int:
    """Choose the classes whose alarms are acknowledged with a note only; without a reason, print those chosen.

    The role must own the database or have the right admin. The choice is in the audit log.

    Parameters
    ----------
    classes:
        All of them; none with a reason: no class needs a note any more.
    reason:
        Why; kept in the audit log.
    """
    chosen = asyncio.run(_chosen(common.load(), classes, reason))
    if chosen:
        print(tr("Alarms of these classes are acknowledged with a note only: {classes}", classes=", ".join(chosen)))
    else:
        print(tr("Alarms of every class are acknowledged with or without a note."))
    return 0


async def _chosen(loaded: LoadedSettings, classes: Sequence[AlarmClass], reason: str) -> tuple[str, ...]:
    async with database(loaded, "ksys") as db:
        if classes or reason:
            await alarms.set_note_classes(db, classes, reason, platform.node())
        return await alarms.note_classes(db)
