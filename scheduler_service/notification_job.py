"""The notification job: looks for alarms to tell every few seconds, as long as the service leads."""

from __future__ import annotations

import asyncio
from typing import Final

from ksys_core.domain.times import HOUR
from ksys_core.services import notifications
from ksys_core.store.notifications import trim
from scheduler_service.context import JobContext
from scheduler_service.sender import send

EVERY_S: Final = 2.0


async def run_notifications(context: JobContext) -> int:
    """Send until cancelled; the rows are the messages sent."""
    sent, trimmed = 0, 0
    while True:
        now = context.clock()
        count = await notifications.run(context.db, send, now_ns=now, zone=context.settings.zone)
        if count:
            sent += count
            context.note_rows(sent)
        if abs(now - trimmed) > HOUR:
            await trim(context.db, now)
            trimmed = now
        await asyncio.sleep(EVERY_S)
