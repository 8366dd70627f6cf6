from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ksys_core import log


@pytest.fixture
def console(tmp_path: Path) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.configure("test", "info", tmp_path / "log", stream)
    yield stream
    log.close()
    logging.getLogger().setLevel(logging.WARNING)


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "log" / "test.log").read_text(encoding="utf-8").splitlines()]


def test_file_holds_json_with_the_fields(console: io.StringIO, tmp_path: Path) -> None:
    log.get_logger("ksys.test").info("filled", rows=8640, area="RO/1단")
    (line,) = lines(tmp_path)
    assert (line["event"], line["rows"], line["area"], line["level"]) == ("filled", 8640, "RO/1단", "info")
    assert "filled" in console.getvalue()


def test_below_the_level_nothing_is_written(console: io.StringIO, tmp_path: Path) -> None:
    log.get_logger("ksys.test").debug("quiet")
    assert console.getvalue() == ""


@pytest.mark.parametrize("text", ["postgresql://u:hunter2@h/d", "host=h password=hunter2 x", "Password: 'hunter2'"])
def test_secrets_never_reach_a_handler(console: io.StringIO, tmp_path: Path, text: str) -> None:
    log.get_logger("ksys.test").warning("lost " + text, detail=text, password="hunter2", nested={"dsn": [text]})
    logging.getLogger("library").warning("said %s", text)
    try:
        raise RuntimeError(text)
    except RuntimeError:
        log.get_logger("ksys.test").exception("failed")
    whole = console.getvalue() + (tmp_path / "log" / "test.log").read_text()
    assert len(lines(tmp_path)) == 3
    assert "hunter2" not in whole
    assert "RuntimeError" in whole


def test_configured_again_writes_once(console: io.StringIO, tmp_path: Path) -> None:
    log.configure("test", "info", tmp_path / "log", console)
    log.get_logger("ksys.test").info("once")
    assert console.getvalue().count("once") == 1
