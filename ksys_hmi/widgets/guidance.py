"""What to do about an alarm: cause, consequence, corrective action and time to respond."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QTextBrowser

from ksys_core.areas import area_title
from ksys_core.domain.alarms.rows import AlarmRow
from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.alarm_words import kind_word, state_word
from ksys_hmi.formats import format_age


class GuidancePane(QTextBrowser):
    """Shows one alarm's record; texts of people are shown as they were typed, never as markup."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.setMinimumWidth(fonts.px(320))
        self._shown = ""

    def show_alarm(self, row: AlarmRow | None) -> None:
        """Show the record of `row`, or what to do to see one."""
        self.setAccessibleName(tr("Guidance"))
        html = _paragraph(tr("Select an alarm to see its guidance.")) if row is None else _html(row)
        if self._shown != html:
            self._shown = html
            position = self.verticalScrollBar().value()
            self.setHtml(html)
            self.verticalScrollBar().setValue(position)


def _html(row: AlarmRow) -> str:
    title = f"<h3>{escape(row.tag)} · {escape(kind_word(row.kind))}</h3>"
    place = f"{area_title(row.area)} · {state_word(row.isa)}"
    about = f"<p>{escape(tr.pick(dict(row.description)))}<br>{escape(place)}</p>"
    parts = [
        (tr("Cause"), tr.pick(dict(row.cause))),
        (tr("Consequence if nothing is done"), tr.pick(dict(row.consequence))),
        (tr("Corrective action"), tr.pick(dict(row.action))),
        (tr("How to confirm that it is real"), tr.pick(dict(row.confirmation))),
        (tr("Time to respond"), "" if row.response_s is None else format_age(row.response_s)),
        (tr("Owner of the alarm"), row.owner),
        (tr("Handled by"), "" if row.unacknowledged else row.acked_by or ""),
        (tr("Comment"), row.comment),
    ]
    if row.confirmed:
        parts.append((tr("Action"), tr("Stated to be taken")))
    body = "".join(f"<p><b>{escape(name)}</b><br>{escape(text)}</p>" for name, text in parts if text)
    missing = "" if row.rationalised else _paragraph("▢ " + tr("Not rationalised"))
    return title + about + missing + body


def _paragraph(text: str) -> str:
    return f"<p><b>{escape(text)}</b></p>"
