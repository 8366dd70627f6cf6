"""The dialog of one route of notifications. What is wrong stands in it; nothing typed is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from PySide6.QtCore import Qt, QTime
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QTimeEdit,
    QWidget,
)

from ksys_core.areas import area_title
from ksys_core.errors import KnownError
from ksys_core.i18n import LANGUAGES, N_, tr
from ksys_hmi import fonts
from ksys_hmi.presenters.notifications import NotificationsPresenter, Route

_LANGUAGE_NAMES = {"ko": "한국어", "en": "English"}
_LEAST = (N_("nothing"), N_("P1 only"), N_("P1 and P2"), N_("P1 to P3"), N_("everything"))


def new_route() -> Route:
    """What the dialog begins with."""
    return Route(None, "", "", tr.language, (1, 2))


class RouteDialog(QDialog):
    """Stays open until the route is kept or the person cancels."""

    def __init__(self, parent: QWidget, presenter: NotificationsPresenter, route: Route) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._route = route
        self.setWindowTitle(tr("Route of notifications"))
        self.name, self.address = QLineEdit(route.name), QLineEdit()
        self.name.setMaxLength(100)
        self.address.setMaxLength(2000)
        self.address.setPlaceholderText(
            tr("unchanged: {address}", address=route.shown)
            if route.route_id
            else "mailtos://…, jsons://…, kakaotalk://…"
        )
        self.priorities = {n: QCheckBox(f"P{n}") for n in range(1, 5)}
        self.area, self.language, self.least = QComboBox(), QComboBox(), QComboBox()
        self.minutes, self.share = QDoubleSpinBox(), QDoubleSpinBox()
        self.by_share = QCheckBox(tr("by the time to respond"))
        self.quiet = QCheckBox(tr("from – to"))
        self.quiet_from, self.quiet_to = QTimeEdit(), QTimeEdit()
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self._fill(route)
        self._lay_out()
        self._connect()

    def _fill(self, route: Route) -> None:
        for n, box in self.priorities.items():
            box.setChecked(n in route.priorities)
        self.area.addItem(tr("whole plant"), "")
        for path in self._presenter.areas:
            self.area.addItem(area_title(path), path)
        if self.area.findData(route.area) < 0:
            self.area.addItem(route.area, route.area)
        self.area.setCurrentIndex(self.area.findData(route.area))
        for language in LANGUAGES:
            self.language.addItem(_LANGUAGE_NAMES[language], language)
        self.language.setCurrentIndex(self.language.findData(route.language))
        self.minutes.setRange(0, 1440)
        self.minutes.setDecimals(1)
        self.minutes.setSuffix(" " + tr("min"))
        self.minutes.setValue((route.after_s or 0) / 60)
        self.share.setRange(0, 400)
        self.share.setDecimals(0)
        self.share.setSuffix(" %")
        self.share.setValue(100 * (0.5 if route.after_share is None else route.after_share))
        self.by_share.setChecked(route.after_share is not None)
        self.quiet.setChecked(route.quiet_from is not None)
        _set_time(self.quiet_from, route.quiet_from or time(22))
        _set_time(self.quiet_to, route.quiet_to or time(6))
        self.least.addItems([tr(text) for text in _LEAST])
        self.least.setCurrentIndex(route.quiet_least)

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        rows: tuple[tuple[str, tuple[QWidget, ...]], ...] = (
            (tr("Name"), (self.name,)),
            (tr("Address"), (self.address,)),
            (tr("Priorities"), tuple(self.priorities.values())),
            (tr("Area"), (self.area,)),
            (tr("Still unacknowledged after"), (self.minutes, self.by_share, self.share)),
            (tr("Quiet hours"), (self.quiet, self.quiet_from, self.quiet_to)),
            (tr("Sent in quiet hours as well"), (self.least,)),
            (tr("Language"), (self.language,)),
        )
        for title, fields in rows:
            line = QHBoxLayout()
            for field in fields:
                field.setAccessibleName(f"{title} {field.text()}" if isinstance(field, QCheckBox) else title)
                line.addWidget(field)
            label = QLabel(title)
            label.setMinimumWidth(label.sizeHint().width())
            form.addRow(label, line)
        form.addRow(self.problem)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.keep = buttons.button(QDialogButtonBox.StandardButton.Save)
        self.keep.setText(tr("Save"))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)
        self.setMinimumWidth(fonts.px(900))

    def _connect(self) -> None:
        self.by_share.toggled.connect(self._follow)
        self.quiet.toggled.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.minutes.setEnabled(not self.by_share.isChecked())
        self.share.setEnabled(self.by_share.isChecked())
        for field in (self.quiet_from, self.quiet_to, self.least):
            field.setEnabled(self.quiet.isChecked())

    def given(self) -> tuple[Route, str | None]:
        """The route as it stands in the fields, and the new address (None: the old one stays)."""
        by_share, quiet = self.by_share.isChecked(), self.quiet.isChecked()
        route = replace(
            self._route,
            name=self.name.text().strip(),
            priorities=tuple(n for n, box in self.priorities.items() if box.isChecked()),
            area=self.area.currentData(),
            language=self.language.currentData(),
            after_s=None if by_share else self.minutes.value() * 60,
            after_share=self.share.value() / 100 if by_share else None,
            quiet_from=_time(self.quiet_from) if quiet else None,
            quiet_to=_time(self.quiet_to) if quiet else None,
            quiet_least=self.least.currentIndex(),
        )
        return route, self.address.text().strip() or None

    def _save(self) -> None:
        self.keep.setEnabled(False)
        self._presenter.runtime.spawn(self._keep(), "keep a route")

    async def _keep(self) -> None:
        try:
            await self._presenter.save(*self.given())
        except KnownError as error:
            self.problem.setText(str(error))
        else:
            self.accept()
        finally:
            self.keep.setEnabled(True)


def _set_time(field: QTimeEdit, moment: time) -> None:
    field.setDisplayFormat("HH:mm")
    field.setTime(QTime(moment.hour, moment.minute))


def _time(field: QTimeEdit) -> time:
    return time(field.time().hour(), field.time().minute())
