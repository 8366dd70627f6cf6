"""Refusals that SQL functions raise (`ksys_refuse`): their codes and the sentences that the person reads."""

from __future__ import annotations

import json
from typing import Final

import asyncpg

from ksys_core.errors import KnownError
from ksys_core.i18n import N_

SQLSTATE: Final = "KS001"

TEXTS: Final[dict[str, str]] = {
    "readings.unknown_sensor": N_("There is no tag with the number {ids}. Create the tag first."),
    "alarm.reason": N_("Please give the reason for the change; it is kept in the audit log."),
    "alarm.gone": N_("The alarm with the number {id} no longer exists. Load the list again."),
    "training.field": N_("The field {field} of the request must be a number from {low} to {high}."),
    "training.origin": N_("Only the service files jobs of its own."),
    "training.size": N_("A training job has 1 to 1,000 tags and 1 to 16 algorithms."),
    "training.algorithm": N_("The name of an algorithm is wrong."),
    "training.interval": N_("The interval must be whole minutes and divide a day."),
    "training.incomplete": N_("The request needs a horizon, a history and parameters by algorithm."),
    "training.limits": N_("The time limit must be 1 to 86,400 s, the memory limit 256 to 1,048,576 MB."),
    "training.no_window": N_("Job {job} can't be repeated: it has never begun."),
    "training.unknown": N_("There is no training job {job}."),
    "models.reason": N_("A reason is needed."),
    "models.unknown": N_("There is no model {model}."),
    "models.champion_already": N_("Model {model} is the champion already."),
    "models.no_former": N_("There is no champion before this one to go back to."),
    "limits.order": N_(
        "{tag}: limit {lower} ({lower_value}) must be below {upper} ({upper_value}). Change one of them."
    ),
    "alarm.reason_missing": N_("Please give a reason."),
    "alarm.permit_missing": N_("Please give the number of the work permit."),
    "alarm.class": N_("There is no such class of alarms."),
    "alarm.review": N_("Out of service needs a date of review that lies ahead."),
    "alarm.text_too_long": N_("The text has {length} characters; at most {most} are kept. Please shorten it."),
    "rules.changed": N_("Rule R{rule} has been changed by {by} since it was displayed. Please look again."),
    "rules.own": N_(
        "You wrote R{rule} yourself: another engineer has to approve it. Where there is only one, the owner of the "
        "database may permit it: ksys alarms own-approval permit."
    ),
    "rules.unknown": N_("There is no rule R{rule}."),
    "maintenance.area": N_("No tag lies in the area {area}. Choose one of the plant's areas."),
    "maintenance.duration": N_("Maintenance lasts between a minute and a day."),
    "limits.changed_meanwhile": N_(
        "{tag}: {by} has changed limit {kind} meanwhile. Load again and look before you change."
    ),
    "alarm.changed_meanwhile": N_("{alarm}: {by} was first ({at}). Load again and look before you change."),
    "alarm.missing": N_("{alarm} no longer exists. Load again."),
    "alarm.exists": N_("{alarm} exists already. Load again and change it there."),
    "settings.name": N_("“{name}” is no name for a setting."),
    "settings.too_long": N_("These settings are too long to be kept. Delete some of them."),
}


def refusal(error: asyncpg.PostgresError) -> KnownError:
    """The `KnownError` that `error` stands for; its SQLSTATE is `SQLSTATE`."""
    code = str(error.args[0])
    params = json.loads(getattr(error, "detail", None) or "{}")
    return KnownError(code, TEXTS.get(code, code), **params)
