"""`ksys db`: making a database, keeping its schema, looking whether it is in order."""

from __future__ import annotations

import asyncio
import dataclasses
import getpass
import json
import os
import sys
import time

from cyclopts import App

from ksys_core import dsn as dsns
from ksys_core.cli.common import DEFAULT, Common, JsonFlag, connect, server
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import database_check
from ksys_core.services.database_check import Finding, Status
from ksys_core.settings_check import DEFAULT_PASSWORDS
from ksys_core.store.server_setup import ServerNames

app = App(name="ksys db", help="Create, migrate and check the database.")


@app.command
def init(*, database: str = "ksys", owner: str = "ksys", service: str = "service", operator: str = "operator") -> int:
    """Create database and roles on a server, and the schema.

    The administrator's address comes from KSYS_ADMIN_DSN, the new passwords from KSYS_OWNER_PASSWORD,
    KSYS_SERVICE_PASSWORD and KSYS_OPERATOR_PASSWORD; what is missing is asked for. Doing it again completes it.

    Parameters
    ----------
    database:
        Name of the database.
    owner:
        Role that owns it and runs migrations.
    service:
        Login of the scheduler service.
    operator:
        Login of a first operator.
    """
    names = ServerNames(database, owner, service, operator)
    admin_dsn = _asked("KSYS_ADMIN_DSN", tr(N_("Administrator's address (postgresql://…): ")))
    try:
        admin_dsn = dsns.normalised(admin_dsn)
    except ValueError as error:
        text = N_("The administrator's address can't be used: it {problem}.")
        raise KnownError("database.admin_dsn", text, problem=error) from error
    variables = {owner: "KSYS_OWNER_PASSWORD", service: "KSYS_SERVICE_PASSWORD", operator: "KSYS_OPERATOR_PASSWORD"}
    asyncio.run(_init(admin_dsn, names, {role: _password(role, name) for role, name in variables.items()}))
    place = dsns.parts(admin_dsn).host or "localhost"
    print(
        tr(
            N_("Ready. Set TS_DSN=postgresql://{service}@{host}/{database}"),
            service=service,
            host=place,
            database=database,
        )
    )
    return 0


@app.command
def migrate(*, common: Common = DEFAULT) -> int:
    """Bring the schema up to this program; the role must own the database."""
    from ksys_core.store import migrate as migrations

    async def run() -> list[str]:
        async with server(common.load(), "ksys") as dsn:
            return await migrations.migrate(dsn)

    for step in (steps := asyncio.run(run())):
        print(step)
    if not steps:
        print(tr(N_("The schema is up to date.")))
    return 0


@app.command
def status(*, json_output: JsonFlag = False, common: Common = DEFAULT) -> int:
    """Show schema, server and size."""

    async def run() -> Status:
        async with connect(common.load()) as db:
            return await database_check.status(db)

    found = asyncio.run(run())
    if json_output:
        json.dump(dataclasses.asdict(found), sys.stdout)
        print()
    else:
        print(_told(found))
    return 0


@app.command
def check(*, json_output: JsonFlag = False, common: Common = DEFAULT) -> int:
    """Look whether the database is in order. Exit status 1 when something is not."""

    async def run() -> list[Finding]:
        async with connect(common.load()) as db:
            return await database_check.check(db, clock=time.time_ns)

    found = asyncio.run(run())
    if json_output:
        json.dump([dataclasses.asdict(finding) for finding in found], sys.stdout, ensure_ascii=False)
        print()
    else:
        for finding in found:
            print(f"{'OK  ' if finding.ok else 'FAIL'}  {tr(finding.name)}  {finding.detail}".rstrip())
    return 0 if all(finding.ok for finding in found) else 1


async def _init(admin_dsn: str, names: ServerNames, passwords: dict[str, str]) -> None:
    from ksys_core.store import migrate as migrations
    from ksys_core.store.server_setup import create_logins, create_owner_and_database, dsn_of

    await create_owner_and_database(admin_dsn, names, passwords[names.owner])
    owner_dsn = dsn_of(admin_dsn, names.owner, passwords[names.owner], names.database)
    await migrations.migrate(owner_dsn)
    await create_logins(owner_dsn, names, passwords)


def _asked(variable: str, prompt: str) -> str:
    """The variable's value, else what is typed (not shown)."""
    if value := os.environ.get(variable):
        return value
    if not sys.stdin.isatty():
        text = N_("{variable} is not set, and there is no terminal to ask on.")
        raise KnownError("command.no_terminal", text, variable=variable)
    return getpass.getpass(prompt)


def _password(role: str, variable: str) -> str:
    password = _asked(variable, tr(N_("New password of the role {role}: "), role=role))
    if len(password) < 8 or password.lower() in DEFAULT_PASSWORDS or password == role:
        text = N_("The password of {role} is too short or well known. Take another of at least 8 characters.")
        raise KnownError("database.password", text, role=role)
    return password


def _told(found: Status) -> str:
    info = found.info
    if info is None:
        return tr(N_("The database has no schema yet. Run: ksys db migrate"))
    lines = [
        tr(N_("Schema {step}, {pending} steps pending"), step=found.schema, pending=len(found.pending)),
        tr(N_("PostgreSQL {version}, TimescaleDB {timescale}"), version=info.version, timescale=info.timescale or "-"),
        tr(N_("{tags} tags, {size} MB, {connections} connections"),
           tags=found.tags, size=f"{info.size_bytes / 1e6:,.0f}", connections=info.connections),
    ]  # fmt: skip
    return "\n".join(lines)
