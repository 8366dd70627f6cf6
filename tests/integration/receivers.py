"""Receivers of notifications on 127.0.0.1: a mail server and a web server, both as small as their protocols allow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Receiver:
    """What came in. `refuse`: answers with an error while it is set."""

    port: int = 0
    refuse: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    posts: list[dict[str, str]] = field(default_factory=list)


@asynccontextmanager
async def mail_server() -> AsyncIterator[Receiver]:
    """Speaks as much SMTP (RFC 5321) as a sender needs."""
    found = Receiver()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test ESMTP\r\n")
        while line := (await reader.readline()).decode("ascii").strip():
            command = line.upper()
            if command == "DATA":
                writer.write(b"354 go on\r\n")
                lines = []
                while (part := await reader.readline()) != b".\r\n":
                    lines.append(part[1:] if part.startswith(b"..") else part)
                found.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
            if command.startswith("RCPT") and found.refuse:
                writer.write(b"550 no such person\r\n")
            else:
                writer.write(b"221 bye\r\n" if command == "QUIT" else b"250 ok\r\n")
            if command == "QUIT":
                break
        await writer.drain()
        writer.close()

    async with _listening(serve, found):
        yield found


@asynccontextmanager
async def web_server() -> AsyncIterator[Receiver]:
    """Takes a JSON body by POST and answers 200, or 503."""
    found = Receiver()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next(int(line.partition(":")[2]) for line in head.splitlines() if line.startswith("content-length"))
        body = json.loads(await reader.readexactly(length))
        if not found.refuse:
            found.posts.append(body)
        status = "503 Service Unavailable" if found.refuse else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with _listening(serve, found):
        yield found


@asynccontextmanager
async def _listening(serve: object, found: Receiver) -> AsyncIterator[None]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)  # type: ignore[arg-type]
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield
