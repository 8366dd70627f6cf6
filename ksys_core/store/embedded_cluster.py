"""Making the embedded server's data folder: passwords, ``initdb``, configuration, roles and the first database."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.embedded_account import Programs

Role = Literal["ksys", "service", "operator"]
_SUPERUSER = "postgres"
_UNIX_PORT = 5432

_SETTINGS: Mapping[str, str] = {
    "max_connections": "60",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",  # slower on small machines, and wants shared memory that containers lack
    "max_parallel_maintenance_workers": "0",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_checkpoints": "off",
    "lc_messages": "C",
}


def credentials(folder: Path) -> dict[str, str]:
    """Password of each role, kept in a file only this user can read; generated when there is none yet."""
    path = folder / "credentials.json"
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        if (folder / "pgdata").exists():
            raise KnownError(
                "embedded.credentials_missing",
                N_("{path} is missing, so nobody can log in to the database beside it. Restore the file."),
                path=path,
            ) from None
    words = {role: secrets.token_urlsafe(24) for role in (_SUPERUSER, *get_args(Role))}
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(words, file)
    fresh.replace(path)
    return words


def create(programs: Programs, folder: Path, words: Mapping[str, str]) -> None:
    """Create ``pgdata`` in `folder` at once or not at all: a half-made one is thrown away by the next attempt."""
    fresh, password_file = folder / "pgdata.new", folder / "password.new"
    shutil.rmtree(fresh, ignore_errors=True)
    programs.account.give(fresh)
    handle = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(words[_SUPERUSER] + "\n")
        if programs.account.uid is not None:
            os.chown(password_file, programs.account.uid, -1)
        programs.run(
            "initdb", "-D", fresh, "-U", _SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password_file}",
            "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions",
        )  # fmt: skip
    finally:
        password_file.unlink(missing_ok=True)
    fresh.rename(folder / "pgdata")


def configure(pgdata: Path, socket_dir: Path | None, extra: Mapping[str, str]) -> None:
    """Rewrite ``postgresql.conf``: a local socket in `socket_dir`, or a free loopback port where it is None."""
    place = (
        {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": str(_free_port())}
        if socket_dir is None
        else {"listen_addresses": "", "unix_socket_directories": str(socket_dir), "port": str(_UNIX_PORT)}
    )
    lines = ["# Written by KSys at every start: changes here are lost."]
    lines += [f"{name} = {_quoted(value)}" for name, value in {**_SETTINGS, **place, **extra}.items()]
    (pgdata / "postgresql.conf").write_text("\n".join(lines) + "\n", "utf-8")


def bootstrap(programs: Programs, connection: Mapping[str, str], words: Mapping[str, str]) -> None:
    """Create roles and the database ``ksys`` where they are missing. `connection`: libpq's environment variables."""
    env = {**connection, "PGUSER": _SUPERUSER, "PGPASSWORD": words[_SUPERUSER], "PGDATABASE": "postgres"}
    script = _BOOTSTRAP.format(**{role: _quoted(words[role]) for role in get_args(Role)})
    programs.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", stdin=script, env=env)


_BOOTSTRAP = """
set client_min_messages = warning;
set log_min_error_statement = panic; -- no password in the log
select 'create role ksys' where not exists (select from pg_roles where rolname = 'ksys') \\gexec
alter role ksys login createrole createdb password {ksys};
select 'create database ksys owner ksys' where not exists (select from pg_database where datname = 'ksys') \\gexec
set role ksys;
select format('create role %I', name)
from unnest(array['ksys_viewer', 'ksys_operator', 'ksys_engineer', 'ksys_admin', 'ksys_service']
            || array['service', 'operator']) name
where not exists (select from pg_roles where rolname = name) \\gexec
alter role service login password {service};
alter role operator login password {operator};
grant ksys_service to service;
grant ksys_engineer to operator;
"""


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unix_sockets() -> bool:
    return sys.platform != "win32"
