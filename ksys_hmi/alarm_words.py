"""Words for the mnemonics of the alarm model; the mnemonics themselves stay in the database and the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.i18n import N_, tr
from ksys_hmi.formats import format_clock, format_moment
from ksys_hmi.runtime import Evaluation

STATES: Final[Mapping[str, str]] = {
    "NORM": N_("Normal"),
    "UNACK": N_("Unacknowledged"),
    "ACKED": N_("Acknowledged"),
    "RTNUN": N_("Returned, unacknowledged"),
    "LUNACK": N_("Latched, unacknowledged"),
    "LACKED": N_("Latched, acknowledged"),
    "SHLVD": N_("Shelved"),
    "DSUPR": N_("Suppressed"),
    "OOSRV": N_("Out of service"),
}
KINDS: Final[Mapping[str, str]] = {
    "HH": N_("High high"),
    "H": N_("High"),
    "L": N_("Low"),
    "LL": N_("Low low"),
    "RATE": N_("Rate of change"),
    "DEV": N_("Deviation"),
    "FLAT": N_("Flat line"),
    "STATE": N_("State"),
    "SOURCE": N_("Source lost"),
}
EVENTS: Final[Mapping[str, str]] = {
    "ACT": N_("Alarm"),
    "RTN": N_("Return to normal"),
    "RALM": N_("Sounded again"),
    "ACK": N_("Acknowledged"),
    "UNACK": N_("Acknowledgement withdrawn"),
    "CFRM": N_("Action confirmed"),
    "SIL": N_("Silenced"),
    "RESET": N_("Reset"),
    "SHLV": N_("Shelved"),
    "UNSHLV": N_("Unshelved"),
    "SHLVEND": N_("Shelf ended"),
    "SUPR": N_("Suppressed"),
    "UNSUPR": N_("Suppression ended"),
    "OOS": N_("Out of service"),
    "INSRV": N_("Back in service"),
    "CMNT": N_("Comment"),
    "ATTR": N_("Definition changed"),
}


_IN_LISTS = {
    "UNACK": N_("Unacked"),
    "ACKED": N_("Acked"),
    "RTNUN": N_("Returned, unacked"),
    "LUNACK": N_("Latched, unacked"),
    "LACKED": N_("Latched, acked"),
}


def short_state_word(mnemonic: str) -> str:
    """The state as a list has room for it."""
    return tr(_IN_LISTS.get(mnemonic, STATES.get(mnemonic, mnemonic)))


def state_word(mnemonic: str) -> str:
    """The state in the person's language."""
    return tr(STATES.get(mnemonic, mnemonic))


def kind_word(mnemonic: str) -> str:
    """The kind of an alarm in the person's language."""
    return tr(KINDS.get(mnemonic, mnemonic))


def event_word(mnemonic: str) -> str:
    """The kind of a journal entry in the person's language."""
    return tr(EVENTS.get(mnemonic, mnemonic))


def evaluation_words(evaluation: Evaluation, zone: ZoneInfo) -> str:
    """Why an empty list of alarms says nothing about the plant; empty while alarms are evaluated."""
    if evaluation.phase == "awaited":
        return tr("Waiting for the evaluation of alarms …")
    return loss_words(evaluation, zone)


def loss_words(evaluation: Evaluation, zone: ZoneInfo) -> str:
    """That alarms are not evaluated, and since when; empty while they are, or while that is not known yet."""
    stopped = tr("Alarms are not evaluated since {time}", time=format_moment(evaluation.last_ns, zone))
    never = tr("Alarms have never been evaluated: the service has not run on this database")
    return {"stopped": stopped, "never": never}.get(evaluation.phase, "")


def loss_mark(evaluation: Evaluation, zone: ZoneInfo) -> str:
    """The same where there is little room."""
    stopped = tr("NOT EVALUATED since {time}", time=format_clock(evaluation.last_ns, zone))
    return {"stopped": stopped, "never": tr("NEVER EVALUATED")}.get(evaluation.phase, "")
