"""`ksys alarms own-approval`: whether people may approve the suppression rules that they wrote themselves."""

from __future__ import annotations

import asyncio
import platform
from typing import Literal

from ksys_core.cli.common import DEFAULT, Common, database
from ksys_core.i18n import tr
from ksys_core.services import alarms_rules
from ksys_core.settings_sources import LoadedSettings


def command(choice: Literal["permit", "refuse"], /, *, reason: str, common: Common = DEFAULT) -> int:
    """Permit people to approve suppression rules of their own, for sites of one person; or refuse it again.

    The role must own the database. Every such approval is marked in the audit log.

    Parameters
    ----------
    choice:
        permit or refuse.
    reason:
        Why; kept in the audit log.
    """
    changed = asyncio.run(_set(common.load(), choice == "permit", reason))
    if not changed:
        print(tr("It is so already."))
    elif choice == "permit":
        print(tr("People may approve their own rules now; the audit log marks it."))
    else:
        print(tr("Rules are approved by another engineer than their author again."))
    return 0


async def _set(loaded: LoadedSettings, permitted: bool, reason: str) -> bool:
    async with database(loaded, "ksys") as db:
        return await alarms_rules.permit_own_approval(db, permitted, reason, platform.node())
