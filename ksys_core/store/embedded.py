"""The embedded PostgreSQL: one server a data folder, shared by the programs that use the folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import platformdirs

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store import embedded_cluster, postmaster
from ksys_core.store.embedded_account import Programs, server_account
from ksys_core.store.embedded_cluster import Role
from ksys_core.store.locks import FolderLock, Owners

_SOCKET_NAME = "/.s.PGSQL.5432.lock"
_SOCKET_PATH_LIMIT = 107  # bytes, of the whole path
_STOP_TIMEOUT_S = 600

Report = Callable[[str], None]


def default_data_dir() -> Path:
    """Where the demo keeps its data: the user's data folder, or the system's for root."""
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path("/var/lib/ksys")
    return platformdirs.user_data_path("ksys", appauthor=False)


class EmbeddedServer:
    """The PostgreSQL server of `data_dir`. Blocking calls: use a thread beside an event loop.

    Several processes (or objects) may use one folder: the first starts the server, others adopt it, and the last
    one to `stop` ends it. A process killed on the way counts no longer.

    Args:
        settings: server settings that go before the built-in ones.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.pgdata = self.data_dir / "pgdata"
        self._settings = dict(settings or {})
        self._guard = FolderLock(self.data_dir, "server.lock")
        self._owners = Owners(self.data_dir / "owners")

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        found = postmaster.running(self.pgdata)
        return found.pid if found else None

    def alive(self) -> bool:
        return self.pid is not None

    def start_or_adopt(self, report: Report | None = None) -> str:
        """Make sure that the server runs and is ready; returns the owner's DSN of the database ``ksys``.

        Creates the folder at first use and waits for crash recovery as long as it takes; `report` gets the
        server's newest log line meanwhile. Raises `KnownError` with the end of the log when it doesn't start.
        """
        self._open_folder()
        with self._guard:
            found = postmaster.running(self.pgdata)
            if found is None or found.status != "ready" or not postmaster.answers(found):
                self._start(report or _ignore)
            self._owners.join()
        return self.dsn("ksys")

    def stop(self) -> None:
        """Leave the server; the last one to leave stops it (within a fast shutdown: clients are disconnected)."""
        if not self.pgdata.exists():
            return
        with self._guard:
            if self._owners.leave() and self.alive():
                programs = Programs(server_account(), self.data_dir)
                programs.run("pg_ctl", "stop", "-D", self.pgdata, "-m", "fast", "-w", "-t", str(_STOP_TIMEOUT_S))

    def dsn(self, role: Role = "ksys", database: str = "ksys") -> str:
        """Connection string of `role`, password included: pass it on by environment or pipe, never print it."""
        found = postmaster.read(self.pgdata)
        if found is None:
            raise KnownError(
                "embedded.stopped", N_("The embedded database in {folder} is not running."), folder=self.data_dir
            )
        password = quote(embedded_cluster.credentials(self.data_dir)[role], safe="")
        if found.socket_dir:
            place = urlencode({"host": found.socket_dir, "port": found.port})
            return f"postgresql://{role}:{password}@/{quote(database)}?{place}"
        return f"postgresql://{role}:{password}@127.0.0.1:{found.port}/{quote(database)}"

    def _open_folder(self) -> None:
        account = server_account()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700 if account.uid is None else 0o711)

    def _start(self, report: Report) -> None:
        programs = Programs(server_account(), self.data_dir)
        words = embedded_cluster.credentials(self.data_dir)
        if not self.pgdata.exists():
            embedded_cluster.create(programs, self.data_dir, words)
        self._check_version(programs)
        found = postmaster.running(self.pgdata)
        if found is not None and found.status == "ready" and not postmaster.answers(found):
            postmaster.wait_gone(found.pid, 5)  # killed this moment
            found = None
        if found is None:
            postmaster.forget(self.pgdata)
            embedded_cluster.configure(self.pgdata, self._socket_dir(programs), self._settings)
        self._launch(programs, report)
        embedded_cluster.bootstrap(programs, self._libpq(), words)

    def _launch(self, programs: Programs, report: Report) -> None:
        """Start, or wait for a server that is still starting: ``pg_ctl`` tells death from a long recovery."""
        arguments = ("-D", self.pgdata, "-l", self.pgdata / "startup.log", "-w", "-t", "86400")
        if postmaster.running(self.pgdata) is not None:
            self._await_ready(report)
            return
        control = programs.start("pg_ctl", "start", *arguments)
        while True:
            try:
                status = control.wait(0.5)
                break
            except subprocess.TimeoutExpired:
                report(self.log_tail(1))
        if status:
            raise KnownError(
                "embedded.start_failed",
                N_("The embedded database in {folder} did not start. The end of its log: {tail}"),
                folder=self.data_dir,
                tail=self.log_tail(),
            )

    def _await_ready(self, report: Report) -> None:
        while (found := postmaster.running(self.pgdata)) is not None and found.status != "ready":
            report(self.log_tail(1))
            postmaster.wait_gone(found.pid, 0.5)

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the server's newest log."""
        logs = [self.pgdata / "startup.log", *(self.pgdata / "log").glob("*.log")]
        newest = max((log for log in logs if log.exists()), key=lambda log: log.stat().st_mtime_ns, default=None)
        return "" if newest is None else "\n".join(newest.read_text("utf-8", "replace").splitlines()[-lines:])

    def _check_version(self, programs: Programs) -> None:
        kept = (self.pgdata / "PG_VERSION").read_text("ascii").strip()
        ours = programs.run("postgres", "--version").split()[2].partition(".")[0]
        if kept != ours:
            raise KnownError(
                "embedded.version",
                N_("{folder} was made by PostgreSQL {kept}, this program brings {ours}. Use another --data-dir."),
                folder=self.data_dir,
                kept=kept,
                ours=ours,
            )

    def _socket_dir(self, programs: Programs) -> Path | None:
        if not embedded_cluster.unix_sockets():
            return None
        folder = self.data_dir / "run"
        if len(os.fsencode(f"{folder}{_SOCKET_NAME}")) > _SOCKET_PATH_LIMIT:
            digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"ksys-{digest}"
        programs.account.give(folder)  # fails when someone else owns a folder of this name
        return folder

    def _libpq(self) -> dict[str, str]:
        found = postmaster.read(self.pgdata)
        if found is None:
            raise KnownError(
                "embedded.stopped", N_("The embedded database in {folder} is not running."), folder=self.data_dir
            )
        return {"PGHOST": found.socket_dir or "127.0.0.1", "PGPORT": str(found.port)}


def _ignore(_line: str) -> None:
    pass
