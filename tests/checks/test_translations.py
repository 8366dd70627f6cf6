"""The Korean catalogue has every text of the product, and nothing else."""

from __future__ import annotations

import ast
import string
from collections import Counter
from functools import cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from tests.checks.sources import PRODUCT, ROOT, dotted, modules, project_files, report

PARTS = ROOT / "resources" / "locale" / "ko" / "parts"
KEYWORDS: dict[str, tuple[int, ...] | None] = {"tr": None, "N_": None, "plural": (1, 2)}
# What shows text: a literal with a word in it, given straight to one of these, was forgotten.
SHOWING = frozenset(
    {
        "setText",
        "setToolTip",
        "setWindowTitle",
        "setPlaceholderText",
        "setStatusTip",
        "setTitle",
        "setAccessibleName",
        "setAccessibleDescription",
        "QLabel",
        "QPushButton",
        "QCheckBox",
        "QRadioButton",
        "QGroupBox",
        "QAction",
        "addAction",
        "addMenu",
        "addTab",
    }
)


@cache
def used() -> dict[str, str]:
    """Message identifiers of the product, each with the first place that uses it."""
    texts: dict[str, str] = {}
    for path in project_files():
        place = path.relative_to(ROOT)
        if path.suffix == ".py" and place.parts[0] in PRODUCT:
            for line, message, _comments, _context in extract_from_file("python", path, keywords=KEYWORDS):
                identifier = message if isinstance(message, str) else message[0]
                texts.setdefault(identifier, f"{place.as_posix()}:{line}")
    return {text: place for text, place in texts.items() if text}


def _read(path: Path) -> list[Message]:
    with path.open("rb") as source:
        return [message for message in read_po(source, locale="ko") if message.id]


@cache
def translated() -> dict[str, list[tuple[str, Message]]]:
    """Every message of the Korean parts by identifier, each with the files that hold it."""
    messages: dict[str, list[tuple[str, Message]]] = {}
    for path in sorted(PARTS.glob("*.po")):
        for message in _read(path):
            messages.setdefault(_identifier(message), []).append((path.name, message))
    return messages


def _identifier(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _korean(message: Message) -> str:
    return message.string if isinstance(message.string, str) else (message.string or ("",))[0]


def _fields(text: str) -> set[str]:
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_text_has_its_korean() -> None:
    missing = [f"{place}: {text!r}" for text, place in used().items() if text not in translated()]
    report("Texts without a Korean translation", missing)


def test_no_translation_is_empty_or_unsure() -> None:
    findings = [
        f"{name}: {text!r} is {'unsure' if message.fuzzy else 'empty'}"
        for text, places in translated().items()
        for name, message in places
        if message.fuzzy or not _korean(message).strip()
    ]
    report("Unfinished translations", findings)


def test_translations_have_the_fields_of_their_text() -> None:
    findings = [
        f"{name}: {text!r} has {sorted(_fields(text))}, its translation {sorted(_fields(_korean(message)))}"
        for text, places in translated().items()
        for name, message in places
        if _fields(_korean(message)) != _fields(text if isinstance(message.id, str) else message.id[1])
    ]
    report("Fields that differ", findings)


def test_no_translation_is_left_over() -> None:
    left = [f"{places[0][0]}: {text!r}" for text, places in translated().items() if text not in used()]
    report("Translations of texts that no longer exist", left)


def test_one_text_has_one_translation() -> None:
    findings = []
    for text, places in translated().items():
        if len({_korean(message) for _, message in places}) > 1:
            findings.append(f"{text!r}: " + ", ".join(f"{name} {_korean(message)!r}" for name, message in places))
        doubled = [name for name, count in Counter(name for name, _ in places).items() if count > 1]
        findings += [f"{text!r}: twice in {name}" for name in doubled]
    report("Texts translated twice", findings)


def test_texts_are_whole_sentences_for_the_translator() -> None:
    """``tr(f"…")`` and ``tr("a" + b)`` can't be looked up in a catalogue."""
    findings = [
        f"{path}:{node.lineno}"
        for path, tree in modules(*PRODUCT).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and dotted(node.func).split(".")[-1] in {"tr", "N_"}
        and node.args
        and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]
    report("Texts put together before they are translated", findings)


def _is_words(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return False
    return any(len(word) > 2 and word.isalpha() and not word.isupper() for word in node.value.split())


def test_shown_texts_are_translated() -> None:
    findings = [
        f"{path}:{node.lineno}: {dotted(node.func)}({argument.value!r})"
        for path, tree in modules("ksys_hmi").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in SHOWING
        for argument in node.args
        if isinstance(argument, ast.Constant) and _is_words(argument)
    ]
    report("Texts shown without translation", findings)
