"""Preparing a server for KSys: database, owner and login roles.

Passwords travel as SCRAM verifiers (RFC 5803), so none stands in a statement or in the server's log.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

import asyncpg

from ksys_core.store.checks import GROUP_ROLES
from ksys_core.store.connection import Connection
from ksys_core.store.connection_errors import connecting, using

_ITERATIONS: Final = 4096
_KNOWN_GROUPS: Final = "select rolname from pg_roles where rolname = any ($1::text[])"


@dataclass(frozen=True, slots=True)
class ServerNames:
    """Names on the server: the database, its owner, and the logins of the service and of an operator."""

    database: str = "ksys"
    owner: str = "ksys"
    service: str = "service"
    operator: str = "operator"


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What the server keeps of `password` (SCRAM-SHA-256)."""
    salt = secrets.token_bytes(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{text[0]}${text[1]}:{text[2]}"


def dsn_of(admin_dsn: str, user: str, password: str, database: str) -> str:
    """The administrator's address with another user and database."""
    url = urlsplit(admin_dsn)
    place = url.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@{place}"
    return url._replace(netloc=login, path="/" + quote(database, safe="")).geturl()


async def create_owner_and_database(admin_dsn: str, names: ServerNames, password: str) -> None:
    """As administrator: the owner's role, the database, and TimescaleDB where the server has it.

    What exists already stays, the owner's password is set.
    """
    with connecting():
        admin = await asyncpg.connect(admin_dsn)
    try:
        with using():
            await _login(admin, names.owner, password, "createrole")
            for row in await admin.fetch(_KNOWN_GROUPS, list(GROUP_ROLES)):  # of another database on this server
                await admin.execute(f"grant {_quoted(row[0])} to {_quoted(names.owner)} with admin option")
            if not await admin.fetchval("select exists (select from pg_database where datname = $1)", names.database):
                await admin.execute(f"grant {_quoted(names.owner)} to current_user")
                database, owner = _quoted(names.database), _quoted(names.owner)
                await admin.execute(f"create database {database} owner {owner} encoding 'UTF8' template template0")
    finally:
        await admin.close()
    await _add_timescale(admin_dsn, names.database)


async def create_logins(owner_dsn: str, names: ServerNames, passwords: Mapping[str, str]) -> None:
    """As owner, after the migrations: the service's and the operator's login in their groups."""
    with connecting():
        owner = await asyncpg.connect(owner_dsn)
    try:
        with using():
            for login, group in ((names.service, "ksys_service"), (names.operator, "ksys_operator")):
                await _login(owner, login, passwords[login], "")
                await owner.execute(f"grant {group} to {_quoted(login)}")
    finally:
        await owner.close()


async def _add_timescale(admin_dsn: str, database: str) -> None:
    url = urlsplit(admin_dsn)._replace(path="/" + quote(database, safe=""))
    with connecting():
        admin = await asyncpg.connect(url.geturl())
    try:
        with using():
            known = await admin.fetchval(
                "select exists (select from pg_available_extensions where name = 'timescaledb')"
            )
            if known:
                await admin.execute("create extension if not exists timescaledb")
    finally:
        await admin.close()


async def _login(connection: Connection, name: str, password: str, rights: str) -> None:
    exists = await connection.fetchval("select exists (select from pg_roles where rolname = $1)", name)
    verb = "alter" if exists else "create"
    await connection.execute(f"{verb} role {_quoted(name)} login {rights} password '{scram_verifier(password)}'")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
