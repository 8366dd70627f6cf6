"""``ksys-hmi``: the control-room screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from ksys_core.errors import KnownError
from ksys_hmi.options import Options, parse
from ksys_hmi.version import version


def main() -> None:
    """Run the HMI and leave with its exit status: 0 closed, 1 a fault, 2 it could not start."""
    options = parse(sys.argv[1:], version())
    problem = display_problem(options, os.environ, sys.platform)
    if problem:
        print(f"ksys-hmi: {problem}", file=sys.stderr)  # noqa: T201 - the program's own error line
        sys.exit(2)
    if options.offscreen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from ksys_hmi.app import run

    try:
        status = run(options)
    except KnownError as error:
        print(f"ksys-hmi: {error}", file=sys.stderr)  # noqa: T201
        status = 2
    sys.exit(status)


def display_problem(options: Options, environ: Mapping[str, str], platform: str) -> str:
    """Why there is no place to draw, and what to do; empty when there is one."""
    if options.offscreen or not platform.startswith("linux"):
        return ""
    if any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        return ""
    return (
        "no display found (DISPLAY and WAYLAND_DISPLAY are not set): "
        "log in to a graphical session, or add --offscreen to draw without one"
    )


if __name__ == "__main__":
    main()
