"""Every action of the HMI in one table: menus, palette, shortcut help and greying are views of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from ksys_core.i18n import N_, tr
from ksys_core.store.session import Right
from ksys_hmi.runtime import ConnectionState, Runtime

WINDOW: Final = "window"


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action.

    Attributes:
        id: ``area.verb``.
        text: English text, marked for translation.
        shortcut: portable key sequence, or empty.
        scope: `WINDOW` for keys that work everywhere, else the id of the page whose keys they are.
        menu: menu it stands in, or empty for none.
        permission: right that the person needs.
        needs_database: greyed while the database is lost (commands; reading goes on from memory).
    """

    id: str
    text: str
    shortcut: str = ""
    scope: str = WINDOW
    menu: str = ""
    permission: Right = "viewer"
    needs_database: bool = False


VIEW: Final = N_("View")
ALARM: Final = N_("Alarm")
HELP: Final = N_("Help")

_ALARM_ACTIONS: Final[tuple[tuple[str, str, str, Right], ...]] = (
    ("ack", N_("Acknowledge selected"), "Ctrl+K", "operator"),
    ("ack_page", N_("Acknowledge visible page"), "Ctrl+Shift+K", "operator"),
    ("ack_note", N_("Acknowledge with a note …"), "Ctrl+J", "operator"),
    ("confirm", N_("Confirm the action …"), "Ctrl+I", "operator"),
    ("shelve", N_("Shelve …"), "Ctrl+H", "operator"),
    ("unshelve", N_("Unshelve"), "", "operator"),
    ("comment", N_("Comment …"), "Ctrl+M", "operator"),
    ("reset", N_("Reset latched"), "Ctrl+R", "operator"),
    ("unack", N_("Withdraw acknowledgement …"), "Ctrl+U", "operator"),
    ("out_of_service", N_("Take out of service …"), "", "engineer"),
    ("in_service", N_("Return to service"), "", "engineer"),
)

ACTIONS: Final = (
    ActionSpec("alarm.next", N_("Next unacknowledged alarm"), "F2", menu=ALARM),
    *(
        ActionSpec(f"alarm.{name}", text, key, "alarms", ALARM, permission=right, needs_database=True)
        for name, text, key, right in _ALARM_ACTIONS
    ),
    ActionSpec("alarm.silence", N_("Silence"), "F3", menu=ALARM),
    ActionSpec("alarm.sound", N_("Sound …"), "", menu=ALARM),
    ActionSpec("rules.add", N_("New rule …"), "Ins", "rules", ALARM, permission="engineer", needs_database=True),
    ActionSpec("rules.edit", N_("Change rule …"), "Ctrl+E", "rules", ALARM, permission="engineer", needs_database=True),
    ActionSpec(
        "rules.approve", N_("Approve rule"), "Ctrl+P", "rules", ALARM, permission="engineer", needs_database=True
    ),
    ActionSpec(
        "rules.enable",
        N_("Switch rule on / off …"),
        "Ctrl+D",
        "rules",
        ALARM,
        permission="engineer",
        needs_database=True,
    ),
    ActionSpec(
        "rules.maintain",
        N_("Maintenance of an area …"),
        "Ctrl+M",
        "rules",
        ALARM,
        permission="operator",
        needs_database=True,
    ),
    ActionSpec(
        "rules.end_maintenance",
        N_("End maintenance …"),
        "Ctrl+Shift+M",
        "rules",
        ALARM,
        permission="operator",
        needs_database=True,
    ),
    ActionSpec("view.find_tag", N_("Find tag"), "Ctrl+F", menu=VIEW),
    ActionSpec("view.next_pane", N_("Next pane"), "F6", menu=VIEW),
    ActionSpec("view.close", N_("Close the topmost"), "Esc"),
    ActionSpec("view.palette", N_("Command palette"), "Ctrl+Shift+P", menu=VIEW),
    ActionSpec("view.theme", N_("Switch between day and night"), "Ctrl+Shift+D", menu=VIEW),
    ActionSpec("view.language", N_("Switch between Korean and English"), "Ctrl+Shift+L", menu=VIEW),
    ActionSpec("view.full_screen", N_("Full screen"), "F11", menu=VIEW),
    ActionSpec("help.keys", N_("Keys"), "?", menu=HELP),
    ActionSpec("window.quit", N_("Quit"), "Ctrl+Q", menu=VIEW),
    ActionSpec("trend.live", N_("Pause / live"), "Space", "trend"),
    ActionSpec("trend.left", N_("Pan left"), "Left", "trend"),
    ActionSpec("trend.right", N_("Pan right"), "Right", "trend"),
    ActionSpec("trend.zoom_in", N_("Zoom in"), "+", "trend"),
    ActionSpec("trend.zoom_out", N_("Zoom out"), "-", "trend"),
    ActionSpec("trend.standard", N_("Standard view"), "Home", "trend"),
    ActionSpec("trend.cursor", N_("Cursor"), "C", "trend"),
    ActionSpec("trend.cursor2", N_("Second cursor"), "Shift+C", "trend"),
    ActionSpec("trend.autoscale", N_("Autoscale"), "A", "trend"),
    ActionSpec("trend.stagger", N_("Stagger the pens"), "S", "trend"),
    ActionSpec("trend.forecast", N_("Forecast on / off"), "F", "trend"),
    ActionSpec("trend.undo", N_("Undo the view"), "Ctrl+Z", "trend"),
    ActionSpec("trend.redo", N_("Redo the view"), "Ctrl+Y", "trend"),
    ActionSpec("trend.cursor_left", N_("Move the cursor left"), "Ctrl+Left", "trend"),
    ActionSpec("trend.cursor_right", N_("Move the cursor right"), "Ctrl+Right", "trend"),
    ActionSpec("trend.add", N_("Add tags to the trend"), "Ins", "trend"),
    ActionSpec("trend.remove", N_("Remove the selected pen"), "Del", "trend"),
    ActionSpec("trend.next_pen", N_("Select the next pen"), "P", "trend"),
    ActionSpec("trend.range", N_("Enter a range of time"), "R", "trend"),
    ActionSpec("trend.sets", N_("Pen sets"), "Ctrl+S", "trend"),
    ActionSpec("trend.retry", N_("Load again"), "F5", "trend"),
    ActionSpec("trend.export", N_("Export CSV"), "E", "trend"),
    *(
        ActionSpec(f"notify.{name}", text, key, "notifications", permission="engineer", needs_database=True)
        for name, text, key in (
            ("add", N_("Add a route …"), "Ins"),
            ("edit", N_("Change …"), "Ctrl+E"),
            ("test", N_("Send a test"), "Ctrl+T"),
            ("switch", N_("Switch on / off"), "Ctrl+D"),
            ("delete", N_("Delete …"), "Del"),
        )
    ),
    ActionSpec("models.train", N_("Train …"), "Ctrl+T", "models", permission="engineer", needs_database=True),
    ActionSpec("models.promote", N_("Make champion …"), "", "models", permission="engineer", needs_database=True),
    ActionSpec("models.rollback", N_("Roll back …"), "", "models", permission="engineer", needs_database=True),
    ActionSpec("models.retire", N_("Retire …"), "", "models", permission="engineer", needs_database=True),
    ActionSpec("models.trend", N_("Trend of the selected model's tag"), "T", "models"),
    ActionSpec("models.details", N_("Results and log"), "L", "models", needs_database=True),
    ActionSpec("models.cancel", N_("Cancel the job …"), "", "models", permission="engineer", needs_database=True),
    ActionSpec("dashboard.trend", N_("Trend of the selected tag"), "T", "dashboard"),
    ActionSpec("journal.first", N_("First page"), "Alt+Home", "alarms"),
    ActionSpec("journal.previous", N_("Previous page"), "Alt+PgUp", "alarms"),
    ActionSpec("journal.next", N_("Next page"), "Alt+PgDown", "alarms"),
    ActionSpec("journal.last", N_("Last page"), "Alt+End", "alarms"),
    ActionSpec("journal.page", N_("Go to a page of the journal"), "Ctrl+G", "alarms"),
    ActionSpec("journal.export", N_("Export the journal …"), "Ctrl+E", "alarms"),
    ActionSpec("master.edit", N_("Edit the alarm …"), "Ctrl+E", "master", permission="engineer", needs_database=True),
    ActionSpec("master.new", N_("New alarm …"), "Ctrl+N", "master", permission="engineer", needs_database=True),
    ActionSpec("master.history", N_("History …"), "H", "master", needs_database=True),
    ActionSpec("master.trend", N_("Trend of the selected alarm"), "T", "master"),
    ActionSpec("master.matrix", N_("Priority matrix …"), "Ctrl+M", "master"),
    ActionSpec("master.import", N_("Import a table …"), "Ctrl+I", "master", permission="engineer", needs_database=True),
    ActionSpec("master.export", N_("Export the table …"), "Ctrl+Shift+E", "master", needs_database=True),
    ActionSpec("alarms.trend", N_("Trend of the selected alarm"), "T", "alarms"),
    ActionSpec("alarms.faceplate", N_("Faceplate of the selected alarm"), "Ctrl+Return", "alarms"),
    ActionSpec("alarms.show_new", N_("Show new alarms"), "N", "alarms"),
    ActionSpec("alarms.group", N_("Group by area"), "G", "alarms"),
    ActionSpec("alarms.search", N_("Filter the list"), "/", "alarms"),
    ActionSpec("alarms.clear_filter", N_("Clear the filter"), "Ctrl+Backspace", "alarms"),
    ActionSpec("alarms.save_filter", N_("Save the filter …"), "Ctrl+S", "alarms"),
    ActionSpec("alarms.filters", N_("Saved filters"), "Ctrl+O", "alarms"),
    ActionSpec("alarms.columns", N_("Columns …"), "Ctrl+L", "alarms"),
    ActionSpec("advisories.trend", N_("Trend of the selected tag"), "T", "advisories"),
    ActionSpec("advisories.model", N_("Model of the selected advisory"), "M", "advisories"),
    ActionSpec(
        "advisories.seen", N_("Mark as seen"), "Ctrl+S", "advisories", permission="operator", needs_database=True
    ),
    ActionSpec(
        "comparison.label", N_("Label an event …"), "Ins", "comparison", permission="engineer", needs_database=True
    ),
    ActionSpec(
        "comparison.import", N_("Import labels …"), "", "comparison", permission="engineer", needs_database=True
    ),
    ActionSpec(
        "comparison.remove", N_("Remove labels"), "Del", "comparison", permission="engineer", needs_database=True
    ),
    ActionSpec("comparison.file", N_("Compare a file …"), "", "comparison"),
    ActionSpec("alarm.what_if", N_("What if …"), "W", "alarms", ALARM),
)


def _sequences(shortcut: str) -> list[QKeySequence]:
    """The keys of a row; a sign such as ``?`` also with Shift, which some keyboards need for it."""
    sign = len(shortcut) == 1 and not shortcut.isalnum()
    return [QKeySequence(each) for each in ([shortcut, f"Shift+{shortcut}"] if sign else [shortcut])]


class Actions(QObject):
    """The table bound to its handlers: one `QAction` for each action that someone can carry out."""

    def __init__(self, runtime: Runtime, window: QWidget, specs: Iterable[ActionSpec] = ACTIONS) -> None:
        super().__init__(window)
        self._runtime = runtime
        self._window = window
        self._specs = {spec.id: spec for spec in specs}
        self._bound: dict[str, QAction] = {}
        runtime.events.connection_changed.connect(self._on_connection)

    def add(self, spec: ActionSpec) -> None:
        """Add a row, as the frame does for each page."""
        self._specs[spec.id] = spec

    def bind(self, action_id: str, handler: Callable[[], object], owner: QWidget | None = None) -> QAction:
        """Connect a row to what carries it out. With `owner` the key works while that widget or a child has focus."""
        spec = self._specs[action_id]
        action = QAction(owner or self._window)
        action.setObjectName(spec.id)
        if spec.shortcut:
            action.setShortcuts(_sequences(spec.shortcut))
        context = Qt.ShortcutContext.WindowShortcut if owner is None else _WITH_CHILDREN
        action.setShortcutContext(context)
        action.triggered.connect(lambda _checked=False: handler())
        (owner or self._window).addAction(action)
        self._bound[action_id] = action
        self._show(spec, action)
        return action

    def bound(self) -> list[tuple[ActionSpec, QAction]]:
        """Rows that can be carried out, in the table's order."""
        return [(spec, self._bound[spec.id]) for spec in self._specs.values() if spec.id in self._bound]

    def __getitem__(self, action_id: str) -> QAction:
        return self._bound[action_id]

    def _on_connection(self, _state: ConnectionState) -> None:
        self.update_enabled()

    def retranslate(self) -> None:
        """Set the texts again in the current language."""
        self.update_enabled()

    def update_enabled(self) -> None:
        """Grey what the person may not do, or what needs the lost database, and say why in the tooltip."""
        for spec, action in self.bound():
            self._show(spec, action)

    def _show(self, spec: ActionSpec, action: QAction) -> None:
        reason = self.refusal(spec)
        action.setText(tr(spec.text))
        action.setEnabled(not reason)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(reason or (f"{tr(spec.text)} ({keys})" if keys else tr(spec.text)))

    def refusal(self, spec: ActionSpec) -> str:
        """Why the action can't be carried out now, in the person's language; empty when it can."""
        if spec.needs_database and not self._runtime.connection.connected:
            return tr("The database is lost: commands are not possible until it is back.")
        if spec.permission != "viewer" and not self._runtime.may(spec.permission):
            return tr("This needs the right “{right}”.", right=tr(RIGHTS[spec.permission]))
        return ""


_WITH_CHILDREN: Final = Qt.ShortcutContext.WidgetWithChildrenShortcut
RIGHTS: Final[dict[Right, str]] = {
    "viewer": N_("viewer"),
    "operator": N_("operator"),
    "engineer": N_("engineer"),
    "admin": N_("admin"),
}
