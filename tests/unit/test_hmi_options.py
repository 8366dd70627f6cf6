"""The command line of ksys-hmi, and what it says where it can't draw."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ksys_hmi.__main__ import display_problem
from ksys_hmi.options import Options, parse
from ksys_hmi.pages import PAGES


def test_every_option() -> None:
    line = (
        "--demo --data-dir d --dsn postgresql:///x --config c.toml --offscreen --exit-after 2.5 --page trend "
        "--theme night --language ko --screenshot s.png --log-level debug"
    )
    options = parse(line.split(), "1.0")
    assert options == Options(
        demo=True,
        data_dir=Path("d"),
        dsn="postgresql:///x",
        config=Path("c.toml"),
        offscreen=True,
        exit_after=2.5,
        page="trend",
        theme="night",
        language="ko",
        screenshot=Path("s.png"),
        log_level="debug",
    )
    assert options.overrides == {
        "database.dsn": "postgresql:///x",
        "data_dir": "d",
        "hmi.theme": "night",
        "hmi.language": "ko",
        "log_level": "debug",
        "hmi.sound": "false",  # nobody listens to a screen that is not there
    }


def test_every_page_can_be_the_first_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    for page in PAGES:
        assert parse(["--page", page.id], "1.0").page == page.id
    with pytest.raises(SystemExit):
        parse(["--page", "nowhere"], "1.0")
    offered = capsys.readouterr().err.partition("choose from ")[2].strip(" )\n").replace("'", "")
    assert sorted(offered.split(", ")) == sorted(page.id for page in PAGES)


def test_nothing_said_overrides_nothing() -> None:
    assert parse([], "1.0").overrides == {}


@pytest.mark.parametrize("line", ["--exit-after 0", "--exit-after nan", "--page nowhere", "--theme dusk", "--what"])
def test_wrong_options_end_with_status_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(line.split(), "1.0")
    assert ended.value.code == 2
    assert "ksys-hmi: error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "environ", "platform", "can_draw"),
    [
        (Options(), {}, "linux", False),
        (Options(), {"DISPLAY": ""}, "linux", False),
        (Options(), {"DISPLAY": ":0"}, "linux", True),
        (Options(), {"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        (Options(offscreen=True), {}, "linux", True),
        (Options(), {}, "win32", True),
    ],
)
def test_where_it_can_draw(options: Options, environ: dict[str, str], platform: str, can_draw: bool) -> None:
    assert (display_problem(options, environ, platform) == "") is can_draw


def test_without_a_display_one_line_says_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ksys_hmi"], env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--offscreen" in done.stderr
    assert done.stdout == ""


def test_help_and_version_start_no_qt() -> None:
    for option, expected in (("--help", "--screenshot"), ("--version", "ksys-hmi 0.")):
        code = f"import sys; sys.argv = ['ksys-hmi', {option!r}]\nfrom ksys_hmi.__main__ import main\n"
        code += "try: main()\nfinally: assert not any(name.startswith('PySide6') for name in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
