"""The alarm report as one self-contained HTML page: no script, nothing fetched; prints on A4."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from ksys_core.domain.alarms.kpis import Bar
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_figures import MATURITY, MIX_TARGETS, VERDICTS
from ksys_core.services.alarms_report import HIDDEN, AlarmReport, actions

_STYLE: Final = """
@page { size: A4; margin: 12mm }
body { font: 10pt/1.35 sans-serif; color: #1b1f24; margin: 1.2em auto; max-width: 60em }
h1 { font-size: 15pt; margin: 0 0 .2em } h2 { font-size: 11pt; margin: 1em 0 .3em } p { margin: .2em 0 }
table { border-collapse: collapse; width: 100% } th, td { padding: .12em .5em; border-bottom: 1px solid #c2c6ca;
text-align: left; vertical-align: top }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.note { border: 2px solid #1b1f24; padding: .3em .6em } svg { width: 100%; height: auto }
@media print { body { font-size: 7.5pt; margin: 0 } h1 { font-size: 11pt } h2 { font-size: 9pt; margin: .5em 0 .1em } }
"""
_WIDTH, _HEIGHT, _FOOT = 720, 120, 14


def render(report: AlarmReport) -> bytes:
    """The page, UTF-8."""
    found, title = report.kpis, report.title
    area = tr(N_("Area: {area}"), area=report.area) if report.area else tr(N_("All areas"))
    about = tr(
        N_("{n} annunciations · class after EEMUA 191: {maturity} · made {made} ({zone})"),
        n=found.rates.count,
        maturity=tr(MATURITY[found.maturity]),
        made=report.moment(report.made),
        zone=report.zone.key,
    )
    parts = [
        f"<h1>{escape(title)}</h1><p>{escape(area)} · {escape(about)}</p>",
        f'<p class="note">{escape(report.too_little)}</p>' if report.too_little else "",
        _section(N_("Key figures"), _figures(report)),
        _section(N_("Annunciations in time"), _chart(report, found.bars)),
        _section(N_("Most frequent alarms"), _actors(report)),
        _section(N_("By priority"), _priorities(report)),
        _section(N_("Floods"), _floods(report)),
        _section(N_("Hidden now"), _hidden(report)),
        _section(N_("Actions"), _actions(report)),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    page = f'<!doctype html><html lang="{tr.language}"><head>{head}</head><body>{"".join(parts)}</body></html>'
    return page.encode()


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(tr(title))}</h2>{content}</section>"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], numeric: frozenset[int]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        kinds = (' class="n"' if i in numeric else "" for i in range(len(cells)))
        return "".join(f"<{tag}{kind}>{escape(text)}</{tag}>" for kind, text in zip(kinds, cells, strict=True))

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table><tr>{line([tr(title) for title in titles], 'th')}</tr>{body}</table>"


def _figures(report: AlarmReport) -> str:
    rows = [
        (tr(f.title), "–" if f.value is None else f"{f.value:,.{f.decimals}f}", f.target.text,
         f.target.manageable_text, tr(VERDICTS[f.verdict]))
        for f in report.figures
    ]  # fmt: skip
    titles = (N_("Key figure"), N_("Value"), N_("Acceptable"), N_("Manageable"), N_("Verdict"))
    return _table(titles, rows, frozenset({1, 2, 3}))


def _actors(report: AlarmReport) -> str:
    rows, summed = [], 0.0
    for place, actor in enumerate(report.kpis.bad_actors, 1):
        summed += actor.share
        name = report.name(actor.alarm)
        rows.append((str(place), name, f"{actor.count:,}", f"{actor.share:.1f}", f"{summed:.1f}"))
    titles = (N_("No."), N_("Alarm"), N_("Annunciations"), N_("Share, %"), N_("Summed, %"))
    return _table(titles, rows, frozenset({0, 2, 3, 4})) if rows else _none()


def _priorities(report: AlarmReport) -> str:
    found = report.kpis

    def minutes(seconds: float | None) -> str:
        return "–" if seconds is None else f"{seconds / 60:,.1f}"

    rows = []
    for priority, target in MIX_TARGETS.items():
        ack, back = found.to_acknowledge[priority], found.to_return[priority]
        shares = (f"{found.priority_mix[priority]:.1f}", f"{found.configured_mix[priority]:.1f}", target)
        rows.append((str(priority), *shares, *map(minutes, (ack.p50, ack.p95, back.p50, back.p95))))
    titles = (N_("Priority"), N_("Share, %"), N_("Configured, %"), N_("Target, %"), N_("Ack. 50 %, min"),
              N_("Ack. 95 %, min"), N_("Return 50 %, min"), N_("Return 95 %, min"))  # fmt: skip
    return _table(titles, rows, frozenset(range(1, 8)))


def _floods(report: AlarmReport) -> str:
    rows = [
        (report.moment(f.start), tr(N_("lasts")) if f.end is None else report.moment(f.end), str(f.count), str(f.peak),
         report.name(f.first_out), ", ".join(f"{report.name(alarm)} ×{count}" for alarm, count in f.top))
        for f in report.kpis.floods
    ]  # fmt: skip
    titles = (N_("Begin"), N_("End"), N_("Number"), N_("Peak in 10 min"), N_("First out"), N_("Most frequent"))
    return _table(titles, rows, frozenset({2, 3})) if rows else _none()


def _hidden(report: AlarmReport) -> str:
    def moment(ns: int | None) -> str:
        return "–" if ns is None else report.moment(ns)

    rows = [
        (report.name(each.alarm), tr(HIDDEN[each.state]), moment(each.since), moment(each.until), each.by,
         each.reason_words, tr(N_("too old")) if each.too_old else "")
        for each in report.hidden
    ]  # fmt: skip
    titles = (N_("Alarm"), N_("State"), N_("Since"), N_("Until"), N_("Hidden by"), N_("Reason"), "")
    return _table(titles, rows, frozenset()) if rows else _none()


def _actions(report: AlarmReport) -> str:
    said = actions(report)
    return f"<ol>{''.join(f'<li>{escape(text)}</li>' for text in said)}</ol>" if said else _none()


def _none() -> str:
    return f"<p>{escape(tr(N_('None')))}</p>"


def _chart(report: AlarmReport, bars: Sequence[Bar]) -> str:
    """Bars of annunciations with the line of what stood active; both scales begin at zero and are written out."""
    top = max(1, *(bar.count for bar in bars))
    standing = max(1.0, *(bar.standing for bar in bars))
    width, plot = _WIDTH / len(bars), _HEIGHT - _FOOT
    ink = "".join(
        f'<rect x="{i * width + 1:.1f}" y="{plot - plot * bar.count / top:.1f}" width="{max(width - 2, 1):.1f}" '
        f'height="{plot * bar.count / top:.1f}" fill="#8b929a"><title>{report.moment(bar.start)}: {bar.count}</title>'
        "</rect>"
        for i, bar in enumerate(bars)
    )
    points = " ".join(
        f"{(i + 0.5) * width:.1f},{plot - plot * bar.standing / standing:.1f}" for i, bar in enumerate(bars)
    )
    said = tr(N_("Bars: annunciations (most {top:,}); line: alarms standing on average (most {standing:.1f})"),
              top=top, standing=standing)  # fmt: skip
    ends = (
        f'<text x="0" y="{_HEIGHT - 2}" font-size="10">{report.moment(bars[0].start)}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT - 2}" font-size="10" text-anchor="end">{report.moment(bars[-1].stop)}</text>'
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><title>{escape(said)}</title>{ink}'
        f'<polyline points="{points}" fill="none" stroke="#123a63" stroke-width="1.5"/>'
        f'<line x1="0" x2="{_WIDTH}" y1="{plot}" y2="{plot}" stroke="#1b1f24"/>{ends}</svg><p>{escape(said)}</p>'
    )
