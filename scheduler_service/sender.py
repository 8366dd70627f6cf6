"""Delivery by Apprise: mail, webhooks, messengers, by one kind of address."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from ksys_core.i18n import N_, tr
from ksys_core.services.notifications import Text

REFUSED: Final = frozenset(("dbus", "glib", "gnome", "kde", "qt", "macosx", "windows", "syslog", "gio", "blink1"))
"""Kinds that show something on the server's own screen or log: nobody would see it."""
_ANSWER_S: Final = 50.0
_LONGEST_ERROR: Final = 500


async def send(address: str, text: Text) -> str:
    """Deliver `text`; an empty string, or why it was not delivered (without the address's secrets)."""
    return await asyncio.to_thread(_send, address, text)


def _send(address: str, text: Text) -> str:
    import apprise  # takes a tenth of a second that only those need who have a route

    logging.getLogger("apprise").propagate = False  # its errors come back as the answer
    kind = address.partition("://")[0].lower()
    sender = apprise.Apprise()
    if kind in REFUSED or not sender.add(address):
        return tr(N_("The address is not understood, or of a kind that reaches nobody."))
    try:
        found = sender.notify(
            text.body,
            text.title,
            body_format=apprise.NotifyFormat.TEXT,
            timeout=_ANSWER_S,
            log_level=logging.WARNING,
        )
    except (OSError, ValueError, TypeError, AttributeError, LookupError, RuntimeError) as error:  # of a plug-in
        return _without_secrets(f"{type(error).__name__}: {error}", address)
    return "" if found else _without_secrets(_said(found), address)


def _said(result: Any) -> str:
    """What Apprise logged of a failure."""
    said = [entry.message for entry in result.logs() if entry.level in ("WARNING", "ERROR", "CRITICAL")]
    return " ".join(" ".join(said).split()) or tr(N_("The receiver did not take the message."))


def _without_secrets(text: str, address: str) -> str:
    parts = urlsplit(address)
    for secret in (parts.password, parts.username, parts.query):
        if secret and len(secret) > 2:
            text = text.replace(secret, "…").replace(unquote(secret), "…")
    return text[:_LONGEST_ERROR]
