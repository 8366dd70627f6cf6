"""Making a dead network known: without this a query waits for the kernel's quarter of an hour."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from ksys_core.store.connection import Connection

_SILENT_S: Final = 5
_OPTIONS: Final = {"TCP_KEEPIDLE": 2, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": _SILENT_S * 1000}


async def watch_peer(connection: Connection) -> None:
    """Let the kernel close a TCP connection whose other end has been silent for about 5 s, sending or waiting."""
    transport: asyncio.Transport = connection._transport  # type: ignore[union-attr] # there is no public way
    peer = transport.get_extra_info("socket")
    if peer is None or peer.family not in (socket.AF_INET, socket.AF_INET6):
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        option = getattr(socket, name, None)  # not every system has all of them
        if option is not None:
            peer.setsockopt(socket.IPPROTO_TCP, option, value)
