"""What operators do to alarms, by the database's functions, which check right and state and decide races."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import asyncpg

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.pool import Database

LONGEST_TEXT: Final = 2000
Result = Literal["acked", "done", "already", "newer", "normal", "single", "note", "hidden", "refused", "unknown"]
AlarmKey = tuple[int, int]
"""(alarm id, occurrence): what was on the screen."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one alarm.

    Attributes:
        result: ``acked`` or ``done``; ``already``: `by` did it `at` (ns); ``newer``: it has sounded again since it was
            displayed; ``normal``: nothing to acknowledge; ``single``: a highly managed alarm, to be acknowledged alone;
            ``note``: its class is acknowledged with a note only;
            ``hidden``: shelved, suppressed or out of service; ``refused``: its state or definition forbids it.
    """

    alarm_id: int
    result: Result
    by: str | None
    at: int | None


async def acknowledge(db: Database, keys: Sequence[AlarmKey], station: str, comment: str = "") -> list[Outcome]:
    """Acknowledge the occurrences that were displayed, and only these."""
    ids, occurrences = [key[0] for key in keys], [key[1] for key in keys]
    return await _call(db, "alarm_acknowledge($1, $2, $3, $4)", ids, occurrences, station, checked_text(comment))


async def note_classes(db: Database) -> tuple[str, ...]:
    """Classes whose alarms are acknowledged with a note only."""
    return tuple(await db.fetchval("select alarm_note_classes()"))


async def set_note_classes(db: Database, classes: Sequence[str], reason: str, station: str) -> bool:
    """Choose them, all at once; False when they are chosen already."""
    given = list(classes), checked_reason(reason), station
    return bool(await db.fetchval("select alarm_set_note_classes($1, $2, $3)", *given))


async def unacknowledge(db: Database, alarm_ids: Sequence[int], station: str, reason: str) -> list[Outcome]:
    return await _call(db, "alarm_unacknowledge($1, $2, $3)", alarm_ids, station, checked_reason(reason))


async def confirm(db: Database, alarm_ids: Sequence[int], station: str, comment: str = "") -> list[Outcome]:
    """State that the corrective action has been taken."""
    return await _call(db, "alarm_confirm($1, $2, $3)", alarm_ids, station, checked_text(comment))


async def silence(db: Database, alarm_ids: Sequence[int], station: str) -> list[Outcome]:
    """Stop the sound of these alarms' present occurrences; they stay unacknowledged."""
    return await _call(db, "alarm_silence($1, $2)", alarm_ids, station)


async def reset(db: Database, alarm_ids: Sequence[int], station: str) -> list[Outcome]:
    """Clear latched alarms that are acknowledged and back to normal."""
    return await _call(db, "alarm_reset($1, $2)", alarm_ids, station)


async def shelve(
    db: Database, alarm_ids: Sequence[int], station: str, reason: str, until: int | None = None
) -> list[Outcome]:
    """Hide alarms until a time (ns), or, with None, once: until they return to normal."""
    end = None if until is None else to_datetime(until)
    return await _call(db, "alarm_shelve($1, $2, $3, $4)", alarm_ids, station, checked_reason(reason), end)


async def unshelve(db: Database, alarm_ids: Sequence[int], station: str) -> list[Outcome]:
    """Show alarms again; they return as acknowledged."""
    return await _call(db, "alarm_unshelve($1, $2)", alarm_ids, station)


async def remove_from_service(
    db: Database, alarm_ids: Sequence[int], station: str, reason: str, permit: str, review: int
) -> list[Outcome]:
    """Take alarms out of service for maintenance, under a work permit and until a review ahead (ns).

    Raises:
        KnownError: reason or permit is missing, or the review does not lie ahead.
    """
    call = "alarm_remove_from_service($1, $2, $3, $4, $5)"
    return await _call(db, call, alarm_ids, station, checked_reason(reason), checked_text(permit), to_datetime(review))


async def return_to_service(db: Database, alarm_ids: Sequence[int], station: str, reason: str = "") -> list[Outcome]:
    """Put alarms back into service; active ones return unacknowledged."""
    return await _call(db, "alarm_return_to_service($1, $2, $3)", alarm_ids, station, checked_text(reason))


async def comment(db: Database, alarm_ids: Sequence[int], station: str, text: str) -> list[Outcome]:
    return await _call(db, "alarm_comment($1, $2, $3)", alarm_ids, station, checked_reason(text))


def checked_text(text: str) -> str:
    """The text when it can be kept; raises `KnownError`."""
    if len(text) > LONGEST_TEXT:
        raise KnownError(
            "alarm.text_too_long",
            N_("The text has {length} characters; at most {most} are kept. Please shorten it."),
            length=len(text),
            most=LONGEST_TEXT,
        )
    if "\0" in text:
        raise KnownError("alarm.text", N_("The text has a character that cannot be stored."))
    return text


def checked_reason(text: str) -> str:
    """The text when it says something and can be kept; raises `KnownError`."""
    if not text.strip():
        raise KnownError("alarm.reason_missing", N_("Please give a reason."))
    return checked_text(text)


async def _call(db: Database, call: str, *args: object) -> list[Outcome]:
    try:
        rows = await db.fetch(f"select * from {call}", *args)  # noqa: S608 - one of the calls above
    except asyncpg.ConfigurationLimitExceededError as error:
        raise KnownError("alarm.shelf_full", N_("No more alarms may be shelved: unshelve others first.")) from error
    except asyncpg.InvalidParameterValueError as error:
        raise KnownError("alarm.shelf_time", N_("The end of the shelf must lie in the future.")) from error
    return [
        Outcome(row["alarm_id"], row["result"], row["by_whom"], None if row["at"] is None else to_ns(row["at"]))
        for row in rows
    ]
