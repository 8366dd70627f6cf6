"""Rules of the project that no general tool knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.checks.sources import PRODUCT, ROOT, dotted, modules, project_files, report, text_files

ALLOWED_AT_TOP = frozenset(
    {".ci", ".gitignore", "LICENSE", "README.md", "installer", "pyproject.toml", "resources", "tests", *PRODUCT}
)
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_CLASS = 350, 50, 250
BROAD_HANDLERS_ALLOWED = 3

# Written in parts so that this file does not find itself.
REGISTRY_HOSTS = re.compile(
    r"(?i)\b(?:py" r"pi\.org|python" r"hosted\.org|npm" r"js\.(?:org|com)|(?:deb|ftp|security)\.deb" r"ian\.org"
    r"|ubu" r"ntu\.com|crates" r"\.io|proxy\.gol" r"ang\.org)\b"
)  # fmt: skip
MACHINE_PATHS = re.compile(
    r"(?<![\w./])(?:/wo" r"rk|/ro" r"ot|/ho" r"me/\w+|/Us" r"ers/\w+|[A-Z]:\\+Us" r"ers)\b"
)  # fmt: skip
LATER_MARKERS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")  # fmt: skip
SECRETS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE " r"KEY-----"),
    "a cloud key": re.compile(r"\bAKIA[0-9A-Z]{16}\b|\bghp_\w{36}\b|\bsk-[A-Za-z0-9]{32,}\b"),
    "a password": re.compile(r"""(?i)\b\w*(?:password|passwd|secret|token)\s*=\s*["'][^"'{}$<>\s]{6,}["']"""),
    "a password in an address": re.compile(r"(?i)\bpostgres(?:ql)?://[^\s:/@'\"{}<>]+:[^\s@'\"{}<>]+@"),
}


def found(pattern: re.Pattern[str], *, outside: tuple[str, ...] = ()) -> list[str]:
    """``file:line: match`` of every match in the project's text files, but those under `outside`."""
    return [
        f"{path}:{number}: {match[0]}"
        for path, content in text_files()
        if not path.startswith(outside or "\0")
        for number, line in enumerate(content.splitlines(), 1)
        for match in pattern.finditer(line)
    ]


def calls(trees: dict[str, ast.Module]) -> Iterator[tuple[str, str]]:
    """Where (``file:line``) and what (dotted name) is called."""
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{path}:{node.lineno}", dotted(node.func)


def test_top_level_holds_only_the_fixed_entries() -> None:
    entries = {path.relative_to(ROOT).parts[0] for path in project_files()}
    report("Not allowed at the top level", sorted(entries - ALLOWED_AT_TOP))


def test_no_package_registry_is_named() -> None:
    report("Names of registry hosts", found(REGISTRY_HOSTS))


def test_no_path_of_one_machine() -> None:
    report("Absolute paths of a machine", found(MACHINE_PATHS))


def test_nothing_is_left_for_later() -> None:
    report("Markers of unfinished work", found(LATER_MARKERS, outside=("tests/checks/",)))


def test_no_secret() -> None:
    samples = ("tests/",)  # tests hold made-up ones, to see that they are hidden
    report(
        "Looks like a secret",
        [
            f"{where} ({what})"
            for what, pattern in SECRETS.items()
            for where in found(pattern, outside=samples if "password" in what else ())
        ],
    )


def test_no_fonts_or_large_files() -> None:
    large = [p for p in project_files() if p.stat().st_size > 400_000 or p.suffix in {".ttf", ".otf", ".woff2"}]
    report("Fonts and large files are not committed", [str(p.relative_to(ROOT)) for p in large])


def test_modules_classes_and_functions_are_small() -> None:
    findings = []
    for path, tree in modules(*PRODUCT, "tests").items():
        length = len((ROOT / path).read_text("utf-8").splitlines())
        if length > LONGEST_MODULE:
            findings.append(f"{path}: {length} lines, at most {LONGEST_MODULE}")
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            limit = LONGEST_CLASS if isinstance(node, ast.ClassDef) else LONGEST_FUNCTION
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > limit:
                findings.append(f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {limit}")
    report("Too long", findings)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {dotted(kind) if kind else "" for kind in kinds}
    raises_again = isinstance(handler.body[-1], ast.Raise)
    return bool(names & {"", "Exception", "BaseException"}) and not raises_again


def test_broad_exception_handlers_stand_in_three_places_at_most() -> None:
    handlers = [
        f"{path}:{node.lineno}"
        for path, tree in modules(*PRODUCT).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    ]
    if len(handlers) > BROAD_HANDLERS_ALLOWED:
        report(f"Broad handlers; {BROAD_HANDLERS_ALLOWED} are allowed", handlers)


def test_no_dialog_blocks_a_coroutine() -> None:
    """`exec` of a dialog or menu inside a coroutine kills the other tasks: they are opened and awaited instead."""
    static = re.compile(
        r"(^|\.)(QMessageBox\.(about|critical|information|question|warning)|Q(File|Input|Color)Dialog\.get\w+)$"
    )
    findings = [
        f"{where}: {name}"
        for where, name in calls(modules("ksys_hmi"))
        if name.endswith((".exec", ".exec_")) or static.search(name)
    ]
    report("Blocking dialogs", findings)


def test_no_code_from_data() -> None:
    names = {"eval", "exec", "compile", "__import__", "marshal.loads", "yaml.load"}
    report("Code made from data", [f"{where}: {name}" for where, name in calls(modules(*PRODUCT)) if name in names])


def imports(trees: dict[str, ast.Module]) -> Iterator[tuple[str, str]]:
    """Where (``file:line``) and which module is imported, ``from PySide6 import QtGui`` as ``PySide6.QtGui``."""
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((f"{path}:{node.lineno}", alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((f"{path}:{node.lineno}", f"{node.module}.{alias.name}") for alias in node.names)


def test_no_module_that_unpickles() -> None:
    banned = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
    everywhere = imports(modules(*PRODUCT, "tests"))
    report("Pickles", [f"{where}: {name}" for where, name in everywhere if name.split(".")[0] in banned])


def test_presenters_and_models_know_no_widget() -> None:
    """They run without a display. (import-linter can't forbid one part of an external package.)"""
    trees = {path: t for path, t in modules("ksys_hmi").items() if path.split("/")[1] in {"presenters", "models"}}
    widgets = ("PySide6.QtWidgets", "PySide6.QtOpenGLWidgets", "pyqtgraph")
    report("Widgets", [f"{where}: {name}" for where, name in imports(trees) if name.startswith(widgets)])


WAITS = frozenset({"time.sleep", "sleep", "qtbot.wait", "QTest.qWait", "QtTest.QTest.qWait", "asyncio.sleep"})
PACED = frozenset(
    {
        "tests/gui/test_loop.py",  # the loop's own timers are what it tests
        "tests/acceptance/test_alarms_killed.py",  # feeds readings at random moments
    }
)


def _waits(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or dotted(node.func) not in WAITS:
        return False
    yields = node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
    return not yields


def test_tests_wait_for_conditions() -> None:
    """A test that sleeps is slow, and fails on a slower machine."""
    findings = [
        f"{path}:{function.lineno}: {function.name}"
        for path, tree in modules("tests").items()
        if path not in PACED
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name.startswith("test_")
        if any(_waits(node) for node in ast.walk(function))
    ]
    report("Tests that sleep", findings)
