"""The alarm banner: always visible, same place. Counts of each priority left, the newest urgent alarms right."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from ksys_core.areas import area_title
from ksys_core.i18n import N_, tr
from ksys_hmi import fonts, theme
from ksys_hmi.alarm_words import evaluation_words, loss_mark, loss_words
from ksys_hmi.formats import format_clock
from ksys_hmi.models.area_roll_up import Count
from ksys_hmi.presenters.banner import BannerAlarm, BannerState
from ksys_hmi.runtime import Evaluation
from ksys_hmi.widgets.alarm_symbol import blinks, paint_symbol
from ksys_hmi.widgets.blink import blink
from ksys_hmi.widgets.hatch import HatchOverlay

PRIORITY_NAMES = {1: N_("urgent"), 2: N_("high"), 3: N_("low"), 4: N_("diagnostic")}
NEWEST = 3
_SYMBOL_PX = 26
_NO_COUNT = Count()
_NOTICE_LINES = 3


class BannerButton(QAbstractButton):
    """A flat place of the banner that can be pressed, with a visible focus and a blinking mark."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        blink().toggled.connect(self._on_blink)

    @property
    def blinking(self) -> bool:
        return False

    def _on_blink(self) -> None:
        if self.blinking:
            self.update()

    def paint_frame(self, painter: QPainter) -> None:
        tokens = theme.current()
        painter.fillRect(self.rect(), tokens.control if self.underMouse() else tokens.panel)
        painter.setPen(QPen(tokens.grid, 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if self.hasFocus():
            painter.setPen(QPen(tokens.focus, 2))
            painter.drawRect(self.rect().adjusted(2, 2, -3, -3))


class PriorityCount(BannerButton):
    """How many alarms of one priority are unacknowledged (large) and active (small)."""

    def __init__(self, priority: int) -> None:
        super().__init__()
        self.priority = priority
        self._count = _NO_COUNT
        self._known = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.show_count(None)

    @property
    def blinking(self) -> bool:
        return self._count.unacked > 0 and blinks(self.priority, "UNACK")

    def show_count(self, count: Count | None) -> None:
        """Show the numbers; None: they are not known, which is not zero."""
        self._known = count is not None
        self._count = count or _NO_COUNT
        name = tr(PRIORITY_NAMES[self.priority])
        self.setAccessibleName(
            tr("Priority {n} {name}: {unacked} unacknowledged, {active} active", n=self.priority, name=name,
               unacked=self._figure(self._count.unacked), active=self._figure(self._count.active))
        )  # fmt: skip
        self.setToolTip(self.accessibleName())
        blink().need(self, self.blinking)
        self.update()

    def _figure(self, number: int) -> str:
        return str(number) if self._known else "–"

    def sizeHint(self) -> QSize:
        return QSize(fonts.px(104), fonts.px(64))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_frame(painter)
        tokens, side, height = theme.current(), fonts.px(_SYMBOL_PX), self.height()
        place = QRectF(fonts.px(10), (height - side) / 2, side, side)
        quiet = not self._count.active and not self._count.unacked
        state = "UNACK" if self._count.unacked else "ACKED"
        painter.setOpacity(0.45 if quiet else 1.0)
        shown = "RTNUN" if quiet else state
        paint_symbol(painter, place, self.priority, shown, tokens, blink_on=quiet or blink().on)
        painter.setOpacity(1.0)
        right = self.rect().adjusted(fonts.px(44), 0, -fonts.px(8), 0)
        painter.setPen(tokens.text2 if quiet else tokens.text)
        painter.setFont(fonts.value(bold=not quiet))
        top = right.adjusted(0, fonts.px(6), 0, -height // 2)
        painter.drawText(
            top, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._figure(self._count.unacked)
        )
        painter.setPen(tokens.text2)
        painter.setFont(fonts.label())
        below = right.adjusted(0, height // 2, 0, -fonts.px(4))
        painter.drawText(
            below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, f"/ {self._figure(self._count.active)}"
        )
        painter.end()


class AlarmCell(BannerButton):
    """One of the newest alarms: mark, time, tag, text."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone
        self.alarm: BannerAlarm | None = None
        self.evaluation = Evaluation()
        self.says_none = False
        """Whether it says that there is no alarm: the first of the cells does, once that is known."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.show_alarm(None)

    @property
    def blinking(self) -> bool:
        return self.alarm is not None and blinks(self.alarm.priority, self.alarm.state)

    def show_alarm(self, alarm: BannerAlarm | None) -> None:
        self.alarm = alarm
        self.setEnabled(alarm is not None)
        self.setAccessibleName(
            evaluation_words(self.evaluation, self._zone) or tr("No unacknowledged alarm")
            if alarm is None
            else tr("Alarm of priority {n}: {tag}, {message}", n=alarm.priority, tag=alarm.tag, message=alarm.text)
        )
        self.setToolTip("" if alarm is None else f"{alarm.tag}: {alarm.text}")
        blink().need(self, self.blinking)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(fonts.px(300), fonts.px(64))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_frame(painter)
        if self.alarm is not None:
            self._paint_alarm(painter, self.alarm)
        elif self.says_none:
            painter.setFont(fonts.label())
            painter.setPen(theme.current().text2)
            place = self.rect().adjusted(fonts.px(8), 0, -fonts.px(8), 0)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.accessibleName())
        painter.end()

    def _paint_alarm(self, painter: QPainter, alarm: BannerAlarm) -> None:
        tokens, side, height = theme.current(), fonts.px(_SYMBOL_PX), self.height()
        place = QRectF(fonts.px(10), (height - side) / 2, side, side)
        paint_symbol(painter, place, alarm.priority, alarm.state, tokens, blink_on=blink().on)
        area = self.rect().adjusted(fonts.px(46), fonts.px(6), -fonts.px(8), -fonts.px(6))
        left = Qt.AlignmentFlag.AlignLeft
        painter.setFont(fonts.value(bold=True))
        painter.setPen(tokens.text)
        clock = format_clock(alarm.since_ns, self._zone)
        clock_width = fonts.px(92)
        tag = painter.fontMetrics().elidedText(alarm.tag, Qt.TextElideMode.ElideRight, area.width() - clock_width)
        painter.drawText(area, left | Qt.AlignmentFlag.AlignTop, tag)
        painter.setFont(fonts.label())
        painter.setPen(tokens.text2)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, clock)
        text = painter.fontMetrics().elidedText(alarm.text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, left | Qt.AlignmentFlag.AlignBottom, text)


class Notice(BannerButton):
    """What concerns the whole plant, one line each: why the banner is empty, no evaluation, a flood, lost sources,
    maintenance."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone
        self.lines: tuple[str, ...] = ()
        self.evaluation = Evaluation()
        self.setFixedWidth(fonts.px(300))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.show_state(BannerState())

    def show_state(self, state: BannerState) -> None:
        self.lines = tuple(self._texts(state))
        self.setEnabled(bool(self.lines))
        said = ". ".join(self.lines) or tr("No flood, no lost source, no maintenance")
        self.setAccessibleName(said)
        loss = loss_words(self.evaluation, self._zone)
        self.setToolTip("\n".join([*([loss] if loss else []), *self.lines, *_details(state)]))
        self.update()

    def _texts(self, state: BannerState) -> list[str]:
        lines = [state.error] if state.error else []
        mark = loss_mark(self.evaluation, self._zone)
        if mark:
            lines.append(mark)
        if state.flood is not None:
            since = format_clock(state.flood.since_ns, self._zone)[:5]
            lines.append(tr("FLOOD since {time}: {n} alarms", time=since, n=state.flood.count))
        if state.lost_sources:
            lines.append(tr("SOURCE LOST: {names}", names=", ".join(state.lost_sources)))
        if state.maintenance:
            areas = ", ".join(area_title(each.area) for each in state.maintenance)
            lines.append(tr("MAINTENANCE: {areas}", areas=areas))
        return lines

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_frame(painter)
        painter.setPen(theme.current().text)
        painter.setFont(fonts.label(bold=True))
        room = self.rect().adjusted(fonts.px(8), fonts.px(2), -fonts.px(8), -fonts.px(2))
        shown = self.lines if len(self.lines) <= _NOTICE_LINES else (*self.lines[: _NOTICE_LINES - 1], "…")
        for n, line in enumerate(shown):
            height = room.height() // max(len(shown), 1)
            place = QRect(room.left(), room.top() + n * height, room.width(), height)
            text = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


def _details(state: BannerState) -> list[str]:
    """First-out and the most frequent alarms of the flood, for the tooltip."""
    if state.flood is None:
        return []
    first = state.flood.first_out
    return [
        tr("First: {tag} {kind}", tag=first.tag, kind=first.kind),
        *(f"{alarm.tag} {alarm.kind} ×{alarm.count}" for alarm in state.flood.top),
    ]


class AlarmBanner(QWidget):
    """Counts of the four priorities, the newest three unacknowledged alarms, a place for floods and lost sources."""

    alarm_chosen = Signal(object)
    """`BannerAlarm`"""
    priority_chosen = Signal(int)
    notice_chosen = Signal()

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self.counts = {priority: PriorityCount(priority) for priority in theme.SHAPES}
        self.cells = [AlarmCell(zone) for _ in range(NEWEST)]
        self.notice = Notice(zone)
        self._state = BannerState()
        self._hatch = HatchOverlay(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for priority, count in self.counts.items():
            count.clicked.connect(lambda _checked=False, n=priority: self.priority_chosen.emit(n))
            row.addWidget(count)
        for cell in self.cells:
            cell.clicked.connect(lambda _checked=False, c=cell: self.alarm_chosen.emit(c.alarm))
            row.addWidget(cell, 1)
        self.notice.clicked.connect(self.notice_chosen)
        row.addWidget(self.notice)
        self.setFixedHeight(fonts.px(64))
        self.setAccessibleName(tr("Alarm banner"))

    def show_state(self, state: BannerState) -> None:
        self._state = state
        for priority, count in self.counts.items():
            count.show_count(None if state.loading else state.counts.get(priority, _NO_COUNT))
        self._hatch.setVisible(state.stale_since is not None)
        self._hatch.raise_()
        self.cells[0].says_none = not state.loading
        for position, cell in enumerate(self.cells):
            cell.show_alarm(state.newest[position] if position < len(state.newest) else None)
        self.notice.show_state(state)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Say why no alarm comes, or no longer."""
        self.notice.evaluation = evaluation
        for cell in self.cells:
            cell.evaluation = evaluation
        self.show_state(self._state)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._hatch.setGeometry(self.rect())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.setAccessibleName(tr("Alarm banner"))
            self.show_state(self._state)
