"""The whole record of one alarm of the master table; texts of people as they were typed, never as markup."""

from __future__ import annotations

from html import escape
from typing import Final

from PySide6.QtWidgets import QTextBrowser

from ksys_core.domain.alarms.change_words import PART_TITLES
from ksys_core.domain.alarms.master import FIELDS, TEXT_PARTS, Field, written
from ksys_core.domain.alarms.units import limit_unit
from ksys_core.i18n import tr
from ksys_hmi.alarm_words import kind_word
from ksys_hmi.models.master_rows import choice_word, derivation_text
from ksys_hmi.presenters.alarm_master import MasterRow, PriorityMatrix

_LEFT_OUT: Final = frozenset(
    {"tag", "kind", "label", "rationalised", *(f"{p}_{x}" for p in TEXT_PARTS for x in ("en", "ko"))}
)


class MasterPane(QTextBrowser):
    """Shows a record with the derivation of its priority."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.setMinimumWidth(380)

    def show_alarm(self, row: MasterRow | None, matrix: PriorityMatrix | None) -> None:
        """Show the record of `row`, or what to do to see one."""
        self.setAccessibleName(tr("Record"))
        if row is None or matrix is None:
            hint = tr("Select an alarm to see its record.")
            html = f"<p><b>{escape(hint)}</b></p>"
        else:
            html = _html(row, matrix)
        if self.toHtml() != html:
            self.setHtml(html)


def _html(row: MasterRow, matrix: PriorityMatrix) -> str:
    record = row.record
    name = " ".join(part for part in (record.tag, record.label) if part)
    head = f"<h3>{escape(name)} · {escape(kind_word(record.kind))}</h3>"
    head += f"<p>{escape(tr.pick(dict(row.alarm.description)))}</p>"
    marks = [] if record.rationalised else [tr("Not rationalised")]
    marks += [tr("Review overdue")] if row.overdue else []
    head += "".join(f"<p><b>▲ {escape(mark)}</b></p>" for mark in marks)
    head += f"<p><b>{escape(derivation_text(row.derivation, matrix))}</b></p>"
    texts = "".join(_text(row, part, title) for part, title in PART_TITLES.items())
    cells = "".join(_cell(row, field) for field in FIELDS if field.name not in _LEFT_OUT)
    return f"{head}{texts}<table cellspacing='2'>{cells}</table>"


def _text(row: MasterRow, part: str, title: str) -> str:
    texts = {language: getattr(row.record, f"{part}_{language}") for language in ("en", "ko")}
    text = tr.pick({language: text for language, text in texts.items() if text})
    return f"<p><b>{escape(tr(title))}</b><br>{escape(text) or '-'}</p>"


def _cell(row: MasterRow, field: Field) -> str:
    value = getattr(row.record, field.name)
    if field.kind == "choice":
        text = choice_word(row.record, field.name)
    elif field.kind == "flag":
        text = tr("yes") if value else tr("no")
    else:
        text = f"{value:.12g}" if isinstance(value, float) else written(field, value)
    unit = f" {limit_unit(row.record.kind, row.alarm.unit)}" if field.name == "limit" and text else ""
    return f"<tr><td>{escape(tr(field.title))}&nbsp;&nbsp;</td><td>{escape(text + unit) or '-'}</td></tr>"
