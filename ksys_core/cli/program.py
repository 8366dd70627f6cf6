"""Dispatch of `ksys`, its help, and how failures leave it: one line on standard error, exit status 2."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Final, cast

from ksys_core import log
from ksys_core.cli.groups import GROUPS
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, Language, tr

FAILED: Final = 2
INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `ksys` and leave the process with its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    tr.language = language_of(os.environ)
    sys.exit(run(words))


def language_of(environ: Mapping[str, str]) -> Language:
    """Korean where the terminal is Korean, else English."""
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "ko" if locale.lower().startswith("ko") else "en"


def run(words: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    try:
        return _dispatch(words)
    except KnownError as error:
        print(f"ksys: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        stopped = tr(N_("Stopped. The same command takes it up again."))
        print(f"ksys: {stopped}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        log.close()


def _dispatch(words: Sequence[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    if words[0] == "--version":
        print(metadata.version("ksys"))
        return 0
    group = next((group for group in GROUPS if group.name == words[0]), None)
    if group is None:
        nearest = difflib.get_close_matches(words[0], [group.name for group in GROUPS], n=1, cutoff=0.0)[0]
        text = N_('There is no command "{word}". Did you mean "{nearest}"? See "ksys --help".')
        raise KnownError("command.unknown", text, word=words[0], nearest=nearest)
    from cyclopts import App, CycloptsError

    app = cast(App, importlib.import_module(group.module).app)
    app.suppress_keyboard_interrupt = False
    try:
        status = cast(Callable[..., object], app)(list(words[1:]), print_error=False, exit_on_error=False)
    except CycloptsError as error:
        reason = " ".join(str(error).split())
        raise KnownError(
            "command.usage", N_('{reason} See "ksys {name} --help".'), reason=reason, name=group.name
        ) from error
    return status if isinstance(status, int) else 0


def _help() -> str:
    width = max(len(group.name) for group in GROUPS)
    lines = [f"  {group.name:<{width}}  {tr(group.title)}" for group in GROUPS]
    head = tr(N_("Usage: ksys COMMAND …   (ksys COMMAND --help tells more)"))
    return "\n".join((head, "", *lines))
