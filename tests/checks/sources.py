"""The project's own files, and their syntax trees."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("ksys_core", "ksys_hmi", "scheduler_service")
MADE_BY_TOOLS = frozenset({"node_modules", "build", "dist", "uv.lock"})
TEXT_SUFFIXES = frozenset(
    {".py", ".sh", ".ps1", ".md", ".toml", ".sql", ".po", ".json", ".mjs", ".ini", ".cfg", ".txt", ".yml", ".yaml", ""}
)


def _kept(name: str) -> bool:
    return name not in MADE_BY_TOOLS and not name.endswith((".egg-info", ".pyc", ".mo")) and name != "__pycache__"


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that belongs to the project, without what tools make."""
    found: list[Path] = []
    for folder, names, files in os.walk(ROOT):
        top = Path(folder) == ROOT
        names[:] = sorted(n for n in names if _kept(n) and (not n.startswith(".") or (top and n == ".ci")))
        found += (Path(folder, n) for n in sorted(files) if _kept(n) and not (top and n == ".git"))
    return tuple(found)


def text_files() -> Iterator[tuple[str, str]]:
    """Relative path and content of every text file of the project."""
    for path in project_files():
        if path.suffix in TEXT_SUFFIXES and path.name != "LICENSE":
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


@cache
def modules(*tops: str) -> dict[str, ast.Module]:
    """Syntax trees of the Python files under the top-level folders named, by relative path."""
    paths = [p for p in project_files() if p.suffix == ".py" and p.relative_to(ROOT).parts[0] in tops]
    return {p.relative_to(ROOT).as_posix(): ast.parse(p.read_text("utf-8"), str(p)) for p in paths}


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of a name or attribute expression; what can't be named is left out."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, attribute):
            return f"{dotted(value)}.{attribute}"
        case _:
            return ""


def report(heading: str, findings: list[str]) -> None:
    """Fail with every finding on its own line."""
    assert not findings, "\n  ".join([f"{heading} ({len(findings)}):", *findings])
