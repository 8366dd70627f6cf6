"""The alarm report as a workbook: a sheet each for figures, course, frequent alarms, priorities, floods, actions."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_figures import MIX_TARGETS, VERDICTS
from ksys_core.services.alarms_report import HIDDEN, AlarmReport, actions

Cell = str | float | int | datetime | None


def render(report: AlarmReport) -> bytes:
    """The workbook; instants are in the plant's zone (a workbook knows none), numbers stay numbers."""
    book = Workbook()
    book.remove(book.active)
    _figures(book, report)
    _sheet(
        book,
        N_("Annunciations in time"),
        (N_("Begin"), N_("Annunciations"), N_("Standing alarms, mean")),
        [(_local(report, bar.start), bar.count, bar.standing) for bar in report.kpis.bars],
    )
    _actors(book, report)
    _priorities(book, report)
    _floods(book, report)
    _hidden(book, report)
    _sheet(book, N_("Actions"), (N_("Actions"),), [(text,) for text in actions(report)])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _local(report: AlarmReport, ns: int) -> datetime:
    return to_datetime(ns).astimezone(report.zone).replace(tzinfo=None)


def _sheet(book: Workbook, title: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    sheet = book.create_sheet(tr(title)[:31])
    sheet.append([tr(head) for head in heads])
    for row in rows:
        sheet.append(list(row))
    for cell in (cell for line in sheet.rows for cell in line if isinstance(cell.value, str)):
        cell.data_type = "s"  # a name that begins with = is no formula
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for i, column in enumerate(sheet.columns, 1):
        longest = max(len(str(cell.value)) for cell in column if cell.value is not None)
        sheet.column_dimensions[get_column_letter(i)].width = min(longest + 2, 80)


def _figures(book: Workbook, report: AlarmReport) -> None:
    rows: list[Sequence[Cell]] = [
        (tr(f.title), f.value, f.target.text, f.target.manageable_text, tr(VERDICTS[f.verdict])) for f in report.figures
    ]
    rows += [(), (report.title,), (report.area or tr(N_("All areas")),), (report.too_little,)]
    heads = (N_("Key figure"), N_("Value"), N_("Acceptable"), N_("Manageable"), N_("Verdict"))
    _sheet(book, N_("Key figures"), heads, rows)


def _actors(book: Workbook, report: AlarmReport) -> None:
    rows = [
        (place, report.name(actor.alarm), actor.count, actor.share)
        for place, actor in enumerate(report.kpis.bad_actors, 1)
    ]
    _sheet(book, N_("Most frequent alarms"), (N_("No."), N_("Alarm"), N_("Annunciations"), N_("Share, %")), rows)


def _priorities(book: Workbook, report: AlarmReport) -> None:
    found, rows = report.kpis, []
    for priority, target in MIX_TARGETS.items():
        ack, back = found.to_acknowledge[priority], found.to_return[priority]
        shares = (found.priority_mix[priority], found.configured_mix[priority], target)
        minutes = (None if s is None else s / 60 for s in (ack.p50, ack.p95, back.p50, back.p95))
        rows.append((priority, *shares, *minutes, found.ack_share[priority].p95))
    heads = (N_("Priority"), N_("Share, %"), N_("Configured, %"), N_("Target, %"), N_("Ack. 50 %, min"),
             N_("Ack. 95 %, min"), N_("Return 50 %, min"), N_("Return 95 %, min"),
             N_("Ack. 95 %, % of response"))  # fmt: skip
    _sheet(book, N_("By priority"), heads, rows)


def _floods(book: Workbook, report: AlarmReport) -> None:
    rows = [
        (_local(report, f.start), None if f.end is None else _local(report, f.end), f.count, f.peak,
         report.name(f.first_out), ", ".join(f"{report.name(alarm)} ×{count}" for alarm, count in f.top))
        for f in report.kpis.floods
    ]  # fmt: skip
    heads = (N_("Begin"), N_("End"), N_("Number"), N_("Peak in 10 min"), N_("First out"), N_("Most frequent"))
    _sheet(book, N_("Floods"), heads, rows)


def _hidden(book: Workbook, report: AlarmReport) -> None:
    def local(ns: int | None) -> datetime | None:
        return None if ns is None else _local(report, ns)

    rows = [
        (report.name(each.alarm), tr(HIDDEN[each.state]), local(each.since), local(each.until), each.by,
         each.reason_words, tr(N_("too old")) if each.too_old else "")
        for each in report.hidden
    ]  # fmt: skip
    heads = (N_("Alarm"), N_("State"), N_("Since"), N_("Until"), N_("Hidden by"), N_("Reason"), N_("Review"))
    _sheet(book, N_("Hidden now"), heads, rows)
