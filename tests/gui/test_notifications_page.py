"""The Notifications page on a real database, with a real receiver, by real keys."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ksys_core.services import notifications
from ksys_core.store import notification_routes
from ksys_core.store.pool import Database
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.views.notification_dialog import RouteDialog
from ksys_hmi.views.notifications import NotificationsPage
from ksys_hmi.views.question_dialog import QuestionDialog
from scheduler_service.sender import send
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant
from tests.integration.receivers import web_server


async def dialog_of(window: MainWindow) -> RouteDialog:
    await until(lambda: any(each.isVisible() for each in window.findChildren(RouteDialog)))
    return next(each for each in window.findChildren(RouteDialog) if each.isVisible())


async def question_of(window: MainWindow) -> QuestionDialog:
    await until(lambda: any(each.isVisible() for each in window.findChildren(QuestionDialog)))
    return next(each for each in window.findChildren(QuestionDialog) if each.isVisible())


async def delete_by_key(window: MainWindow, page: NotificationsPage, db: Database) -> None:
    """Press Del twice: Enter leaves the route, only the button deletes it."""
    for answer in (Qt.Key.Key_Return, None):
        window.activateWindow()
        await until(window.isActiveWindow)
        page.routes.setFocus()
        QTest.keyClick(page.routes, Qt.Key.Key_Delete)
        question = await question_of(window)
        assert "Night shift" in question.accessibleName()
        assert len(await notification_routes.routes(db)) == 1
        if answer is not None:
            QTest.keyClick(question, answer)
            await until(lambda: not any(each.isVisible() for each in window.findChildren(QuestionDialog)))
        else:
            QTest.mouseClick(question.yes, Qt.MouseButton.LeftButton)


async def deliver(db: Database, window: MainWindow) -> None:
    await notifications.run(db, send, now_ns=time.time_ns(), zone=window.runtime.zone)


def test_a_route_is_made_tried_switched_off_and_deleted_by_keys(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "notifications") as (window, plant), web_server() as web:
            page = window.page
            assert isinstance(page, NotificationsPage)
            assert "Add a route" in page.hint.text()
            page.setFocus()
            QTest.keyClick(page, Qt.Key.Key_Insert)
            dialog = await dialog_of(window)
            QTest.keyClicks(dialog.name, "Night shift")
            QTest.keyClick(dialog.address, Qt.Key.Key_Return)
            await until(lambda: dialog.problem.text() == "The address is missing.")
            assert dialog.isVisible()
            QTest.keyClicks(dialog.address, f"json://me:secret@127.0.0.1:{web.port}/x")
            QTest.keyClick(dialog.by_share, Qt.Key.Key_Space)
            QTest.keyClick(dialog.address, Qt.Key.Key_Return)
            await until(lambda: len(page.routes.model().rows) == 1)
            row = page.routes.model().rows[0]
            assert (row.route.name, row.route.shown, row.route.after_share) == ("Night shift", "json://127.0.0.1", 0.5)
            page.routes.go_to(row.route.route_id)
            window.activateWindow()
            page.routes.setFocus()
            await until(window.isActiveWindow)
            QTest.keyClick(page.routes, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: len(page.messages.model().rows) == 1)
            await deliver(plant.db, window)
            await until(lambda: [sent.state for sent in page.messages.model().rows] == ["sent"])
            assert len(web.posts) == 1
            web.refuse = True
            QTest.keyClick(page.routes, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: len(page.messages.model().rows) == 2)
            await deliver(plant.db, window)
            model = page.routes.model()
            await until(lambda: "503" in model.data(model.index(0, 7)))
            assert "failed, again at" in model.data(model.index(0, 7))
            QTest.keyClick(page.routes, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: not model.rows[0].route.enabled)
            await delete_by_key(window, page, plant.db)
            await until(lambda: not model.rows)
            assert await notification_routes.routes(plant.db) == []

    run(scenario())


def test_a_route_is_changed_and_its_address_stays(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "dashboard") as (window, plant):
            made = notification_routes.Route(None, "Mail", "", "ko", (1,), after_s=300.0)
            await notification_routes.save(plant.db, made, "tgram://token/chat", "desk")
            window.runtime.open_page("notifications")
            page = window.page
            assert isinstance(page, NotificationsPage)
            await until(lambda: page.loaded and bool(page.routes.model().rows))
            page.routes.go_to(page.routes.model().rows[0].route.route_id)
            QTest.keyClick(page.routes, Qt.Key.Key_Return)
            dialog = await dialog_of(window)
            assert dialog.address.placeholderText() == "unchanged: tgram://…"
            QTest.keyClick(dialog.priorities[4], Qt.Key.Key_Space)
            QTest.keyClick(dialog.quiet, Qt.Key.Key_Space)
            QTest.mouseClick(dialog.keep, Qt.MouseButton.LeftButton)
            await until(lambda: page.routes.model().rows[0].route.priorities == (1, 4))
            model = page.routes.model()
            assert model.data(model.index(0, 6)) == "22:00–06:00, but P1"
            assert model.data(model.index(0, 5)) == "after 5 min"
            assert await plant.db.fetchval("select address from notification_routes") == "tgram://token/chat"

    run(scenario())
