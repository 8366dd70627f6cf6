"""Progress of sources that run in the foreground."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import N_, tr
from ksys_core.services.collecting import collect
from ksys_core.sources.base import Progress as Report
from ksys_core.sources.base import Source
from ksys_core.store.pool import Database


@contextmanager
def _bars() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not sys.stderr.isatty()) as bars:
        yield bars


def _report_to(bars: Progress) -> Report:
    task = bars.add_task(tr(N_("History")), total=None)

    def report(done: int, total: int) -> None:
        bars.update(task, completed=done, total=total)

    return report


@contextmanager
def fill_bar() -> Iterator[Report]:
    """A bar for a history that is being filled."""
    with _bars() as bars:
        yield _report_to(bars)


async def collect_with_progress(db: Database, source: Source) -> None:
    """Run `source` until it ends, with a bar for its history and a line for what is live."""
    with _bars() as bars:
        live = bars.add_task(tr(N_("Live")), total=None)
        rows = 0

        def stored(count: int, newest_ns: int) -> None:
            nonlocal rows
            rows += count
            text = tr(N_("Live, {time} UTC"), time=f"{to_datetime(newest_ns):%H:%M:%S}")
            bars.update(live, completed=rows, description=text)

        await collect(db, source, progress=_report_to(bars), stored=stored)
