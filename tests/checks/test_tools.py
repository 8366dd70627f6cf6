"""The tools that read the sources: each must have nothing to say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.sources import ROOT

pytestmark = pytest.mark.timeout(900)


def run(*command: str) -> None:
    """Run a tool of this environment in the project's folder; its output is the message of a failure."""
    program, *arguments = command
    environment = os.environ | {"PYTHONWARNINGS": "ignore", "COLUMNS": "160"}
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{' '.join(command)}\n{done.stdout}{done.stderr}", pytrace=False)


@pytest.fixture
def cache_folder(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("tools")


def test_ruff_finds_nothing(cache_folder: Path) -> None:
    run("ruff", "check", "--cache-dir", str(cache_folder / "ruff"), ".")


def test_files_are_formatted(cache_folder: Path) -> None:
    run("ruff", "format", "--check", "--cache-dir", str(cache_folder / "ruff"), ".")


def test_types_hold(cache_folder: Path) -> None:
    run("mypy", "--cache-dir", str(cache_folder / "mypy"))


def test_packages_depend_in_the_allowed_direction() -> None:
    run("lint-imports", "--no-cache")


def test_every_dependency_is_declared_and_used() -> None:
    run("deptry", ".")


def test_nothing_is_unused() -> None:
    run("vulture")
