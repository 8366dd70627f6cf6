"""The anomalies page: what was found, which tags are behind it, and which units are watched."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.models.anomaly_rows import AnomalyRow, ShareRow, UnitRow, anomaly_model, share_model, unit_model
from ksys_hmi.presenters.anomalies import DAY_S, AnomaliesPresenter, AnomaliesState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.page import Page
from ksys_hmi.widgets.bar_delegate import BarDelegate
from ksys_hmi.widgets.row_table import RowTable

_SPANS: Final = (
    (N_("Last 24 hours"), DAY_S),
    (N_("Last 7 days"), 7 * DAY_S),
    (N_("Last 30 days"), 30 * DAY_S),
)
_TITLES: Final = (N_("Anomalies"), N_("Tags behind it"), N_("Units that are watched"))
_SCORE, _SHARE = 6, 1


class AnomaliesPage(Page[AnomaliesState]):
    """The list, and beside it the shares of the tags; Enter on either shows the trend."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = AnomaliesPresenter(runtime)
        super().__init__(runtime, presenter)
        self._anomalies = presenter
        self.list: RowTable[AnomalyRow] = RowTable(anomaly_model(runtime.zone), 5)
        self.shares: RowTable[ShareRow] = RowTable(share_model(), 0)
        self.units: RowTable[UnitRow] = RowTable(unit_model(runtime.zone), 3)
        self.tables: tuple[RowTable[Any], ...] = (self.list, self.shares, self.units)
        self._score_bars = BarDelegate(self.list, self._score_bar)
        self._share_bars = BarDelegate(self.shares, self._share_bar)
        self.list.setItemDelegateForColumn(_SCORE, self._score_bars)
        self.shares.setItemDelegateForColumn(_SHARE, self._share_bars)
        self.span = QComboBox()
        for _text, seconds in _SPANS:
            self.span.addItem("", seconds)
        self.hint, self.summary, self.about = QLabel(), QLabel(), QLabel()
        self.about.setWordWrap(True)
        self.trend = QPushButton()
        self._titles = [QLabel() for _ in _TITLES]
        for title in self._titles:
            title.setFont(fonts.value(bold=True))
        self._lay_out()
        self.span.currentIndexChanged.connect(lambda _index: self._anomalies.set_span(self.span.currentData()))
        self.list.row_changed.connect(self._show_chosen)
        self.list.row_activated.connect(self._open_trend)
        self.trend.clicked.connect(self._open_trend)
        self.shares.row_activated.connect(self._open_share)
        self.retranslate()
        for table in self.tables:
            table.fit_columns()
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.span)
        head.addSpacing(fonts.px(16))
        head.addWidget(self.hint)
        head.addStretch(1)
        head.addWidget(self.summary)
        head.addWidget(self.trend)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(self._titles[0])
        left.addWidget(self.list, 1)
        right.addWidget(self._titles[1])
        right.addWidget(self.about)
        right.addWidget(self.shares, 3)
        right.addWidget(self._titles[2])
        right.addWidget(self.units, 2)
        columns = QHBoxLayout()
        columns.setSpacing(fonts.px(16))
        columns.addLayout(left, 15)
        columns.addLayout(right, 7)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(head)
        layout.addLayout(columns, 1)

    def retranslate(self) -> None:
        self.span.setAccessibleName(tr("Period"))
        for i, (text, _seconds) in enumerate(_SPANS):
            self.span.setItemText(i, tr(text))
        for title, table, text in zip(self._titles, self.tables, _TITLES, strict=True):
            title.setText(tr(text))
            table.setAccessibleName(tr(text))
            table.model().retranslate()
        self.trend.setText(tr("Show the trend"))
        self._show_chosen()

    def render_state(self, state: AnomaliesState) -> None:
        self.list.model().show_rows(state.rows)
        if state.units != self.units.model().rows:
            self.units.model().show_rows(state.units)
            self.units.fit_columns()  # a state is longer or shorter than what was fitted to
        if state.rows and self.list.current is None:
            self.list.go_to(state.rows[0].anomaly_id)
        self.hint.setText(state.error or (tr("Loading …") if state.loading else state.hint))
        self.summary.setText(tr.plural("{n} shows now", "{n} show now", state.active) if state.active else "")
        self.summary.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._show_chosen()

    def _show_chosen(self) -> None:
        row = self.list.current
        self.shares.model().show_rows(self._anomalies.shares(row))
        self.about.setText(_about(row))
        self.trend.setEnabled(row is not None)
        self.trend.setToolTip("" if row is not None else tr("Choose an anomaly first."))

    def _score_bar(self, i: int) -> tuple[float, bool]:
        row = self.list.model().rows[i]
        return row.level, row.end is None

    def _share_bar(self, i: int) -> tuple[float, bool]:
        return self.shares.model().rows[i].share, True

    def _open_trend(self) -> None:
        row = self.list.current
        if row is not None:
            self.runtime.open_page("trend", tags=list(row.trend_tags[:6]), at=row.begin)

    def _open_share(self) -> None:
        row, share = self.list.current, self.shares.current
        if row is not None and share is not None:
            self.runtime.open_page("trend", tags=[share.tag], at=row.begin)


def _about(row: AnomalyRow | None) -> str:
    if row is None:
        return tr("Choose an anomaly to see which tags are behind it.")
    if row.tag:
        return tr("This one is of the tag {tag} alone.", tag=row.tag)
    return tr("Shares of the tags in the score when it was highest.")
