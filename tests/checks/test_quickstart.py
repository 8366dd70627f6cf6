"""The installer's script does what its machine allows, shown with stand-ins for the programs that it calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tree_sitter import Language, Node, Parser
from tree_sitter_powershell import language as powershell

from tests.checks.sources import ROOT
from tests.checks.test_tools import run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shell script is for Linux")

LIBRARIES = (
    "libEGL.so.1 libGL.so.1 libglib-2.0.so.0 libdbus-1.so.3 libfontconfig.so.1 libxkbcommon.so.0 libxkbcommon-x11.so.0"
    " libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-keysyms.so.1 libxcb-shape.so.0"
)
# Makes what uv would make: an environment whose programs tell how they were called.
UV = """
case "$1 $2" in
  --version*) exit 0 ;;
  venv*)
    mkdir -p "$VIRTUAL_ENV/bin"
    for name in python ksys-hmi; do
      printf '#!/bin/sh\\nprintf "%%s\\\\n" "$(basename "$0")" "$@" >"$ANSWER"\\nexit 5\\n' >"$VIRTUAL_ENV/bin/$name"
      chmod +x "$VIRTUAL_ENV/bin/$name"
    done ;;
esac
"""


@dataclass
class Machine:
    """A checkout in a folder with a space in its name, and programs that come before the real ones."""

    folder: Path
    programs: dict[str, str] = field(default_factory=dict)

    @property
    def checkout(self) -> Path:
        return self.folder / "a checkout"

    @property
    def calls(self) -> list[str]:
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def answer(self) -> list[str]:
        return (self.folder / "answer").read_text().splitlines()

    def quickstart(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the script from another folder."""
        here = self.folder / "programs"
        here.mkdir(exist_ok=True)
        for name, body in self.programs.items():
            (here / name).write_text(f'#!/bin/bash\necho "{name} $*" >>"$CALLS"\n{body}\n')
            (here / name).chmod(0o755)
        paths = {"CALLS": str(self.folder / "calls"), "ANSWER": str(self.folder / "answer")}
        environment: Mapping[str, str] = os.environ | paths | {"PATH": f"{here}:{os.environ['PATH']}"} | environ
        script = str(self.checkout / "installer" / "quickstart.sh")
        return subprocess.run(
            ["bash", script, *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that has everything: its user has no rights, and needs none."""
    made = Machine(tmp_path)
    (made.checkout / "installer").mkdir(parents=True)
    shutil.copy(ROOT / "installer" / "quickstart.sh", made.checkout / "installer")
    shutil.copy(ROOT / "pyproject.toml", made.checkout)
    made.programs = {
        "ldconfig": f'for name in {LIBRARIES}; do printf "\\t%s (libc6,x86-64) => /lib/%s\\n" $name $name; done',
        "fc-list": "echo NanumGothic",
        "id": "echo 1000",
        "sudo": "exit 1",
        "apt-get": "exit 0",
        "python3": f'exec "{sys.executable}" "$@"',
        "uv": UV,
    }
    return made


@pytest.mark.parametrize(("arguments", "status"), [((), 2), (("deploy",), 2), (("--help",), 0)])
def test_usage_is_told(machine: Machine, arguments: tuple[str, ...], status: int) -> None:
    done = machine.quickstart(*arguments)
    assert done.returncode == status
    assert "demo [options of ksys-hmi]" in (done.stderr if status else done.stdout)
    assert machine.calls == []


def test_without_rights_it_prints_the_command_and_stops(machine: Machine) -> None:
    machine.programs |= {"ldconfig": "", "fc-list": ""}
    done = machine.quickstart("demo")
    assert done.returncode == 2
    command = next(line for line in done.stderr.splitlines() if line.startswith("  sudo "))
    assert command.startswith(
        "  sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1 libgl1 libglib2.0-0"
    )
    assert command.endswith("libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 fonts-nanum")
    assert not [call for call in machine.calls if call.startswith(("apt-get", "uv venv"))]


def test_only_what_is_missing_is_asked_for(machine: Machine) -> None:
    machine.programs["ldconfig"] = machine.programs["ldconfig"].replace("libxcb-icccm.so.4 ", "")
    assert "--no-install-recommends libxcb-icccm4\n" in machine.quickstart("test").stderr


@pytest.mark.parametrize("user", ["root", "sudoer"])
def test_with_rights_it_installs_and_goes_on(machine: Machine, user: str) -> None:
    machine.programs |= {"fc-list": ""} | ({"id": "echo 0"} if user == "root" else {"sudo": 'shift; "$@"'})
    done = machine.quickstart("demo")
    assert done.returncode == 5, done.stderr
    apt = [call for call in machine.calls if call.startswith("apt-get")]
    assert apt == ["apt-get update -qq", "apt-get install -y --no-install-recommends fonts-nanum -qq"]


def test_a_failed_installation_stops_it(machine: Machine) -> None:
    machine.programs |= {"fc-list": "", "id": "echo 0", "apt-get": "exit 100"}
    done = machine.quickstart("demo")
    assert done.returncode == 2
    assert "apt-get update failed" in done.stderr
    assert not (machine.checkout / ".venv").exists()


def test_demo_passes_its_options_and_its_status_on(machine: Machine) -> None:
    done = machine.quickstart("demo", "--data-dir", "a folder", "--offscreen")
    assert done.returncode == 5, done.stderr
    assert machine.answer == ["ksys-hmi", "--demo", "--data-dir", "a folder", "--offscreen"]


def test_test_passes_its_options_and_its_status_on(machine: Machine) -> None:
    done = machine.quickstart("test", "-k", "alarms and not slow")
    assert done.returncode == 5, done.stderr
    assert machine.answer[:3] == ["python", "-m", "pytest"]
    assert machine.answer[-2:] == ["-k", "alarms and not slow"]


def test_the_environment_is_made_once_and_again_when_the_project_changes(machine: Machine) -> None:
    def made() -> int:
        return sum(call.startswith("uv pip sync") for call in machine.calls)

    machine.quickstart("test")
    machine.quickstart("demo")
    assert made() == 1
    with (machine.checkout / "pyproject.toml").open("a") as project:
        project.write("\n")
    machine.quickstart("test")
    assert made() == 2


def test_a_failed_environment_is_made_anew(machine: Machine) -> None:
    machine.programs["uv"] = UV + '[ "$2" != sync ]'
    done = machine.quickstart("test")
    assert done.returncode == 2
    assert "could not make the environment" in done.stderr
    machine.programs["uv"] = UV
    assert machine.quickstart("test").returncode == 5


def test_uv_is_installed_when_there_is_none(machine: Machine) -> None:
    own = machine.folder / "own-uv"
    own.write_text(f"#!/bin/bash\n{UV}")
    own.chmod(0o755)
    install = f'mkdir -p "${{@: -2:1}}/bin" && cp "{own}" "${{@: -2:1}}/bin/uv"; exit'
    machine.programs |= {
        "uv": "exit 127",
        "python3": f'case "$*" in *pip\\ install*) {install} ;; *pip*) exit ;; esac; exec "{sys.executable}" "$@"',
    }
    done = machine.quickstart("test", HOME=str(machine.folder))
    assert done.returncode == 5, done.stderr
    assert (machine.checkout / ".venv" / "tools" / "bin" / "uv").exists()


def test_an_old_python_is_refused(machine: Machine) -> None:
    machine.programs |= dict.fromkeys(("python3", *(f"python3.{minor}" for minor in range(11, 15))), "exit 1")
    done = machine.quickstart("demo")
    assert done.returncode == 2
    assert "python3" in done.stderr


def test_shell_scripts_are_sound() -> None:
    run("shellcheck", "installer/quickstart.sh", ".ci/run")


def test_powershell_script_parses() -> None:
    tree = Parser(Language(powershell())).parse((ROOT / "installer" / "quickstart.ps1").read_bytes())

    def errors(node: Node) -> list[str]:
        own = [f"line {node.start_point.row + 1}: {node.type}"] if node.is_error or node.is_missing else []
        return own + [error for child in node.children for error in errors(child)]

    assert errors(tree.root_node) == []
