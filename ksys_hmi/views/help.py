"""Help: the pages of ``resources/help/<language>/*.md``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidgetItem, QTextBrowser

from ksys_core.i18n import tr
from ksys_core.resources import resource_path
from ksys_hmi import fonts
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.page import Page
from ksys_hmi.widgets.item_list import ItemList

_PATH = Qt.ItemDataRole.UserRole
_ROW_PX = 32
_TEXT_WIDTH_PX = 1100


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpState(PageState):
    loading: bool = False


class HelpPresenter(Presenter[HelpState]):
    """Help needs no database and never grows old."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, HelpState())

    def start(self) -> None:
        self.publish(self.state)

    def stop(self) -> None:
        """Nothing runs."""


def help_files(language: str) -> list[Path]:
    """The help pages of a language in the order of their numbers."""
    return sorted(resource_path("help", language).glob("*.md"))


def title_of(path: Path) -> str:
    """The first heading of a help page."""
    with path.open(encoding="utf-8") as lines:
        return next(lines).lstrip("# ").strip()


class HelpPage(Page[HelpState]):
    """Contents left, text right."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, HelpPresenter(runtime))
        self.contents = ItemList()
        self.contents.setFixedWidth(fonts.px(300))
        self.contents.currentItemChanged.connect(self._show_item)
        self.text = QTextBrowser()
        self.text.setMaximumWidth(fonts.px(_TEXT_WIDTH_PX))
        row = QHBoxLayout(self)
        row.addWidget(self.contents)
        row.addWidget(self.text, 4)
        row.addStretch(1)
        self.retranslate()

    def retranslate(self) -> None:
        position = max(0, self.contents.currentRow())
        self.contents.setAccessibleName(tr("Contents of the help"))
        self.text.setAccessibleName(tr("Help text"))
        self.contents.clear()
        for path in help_files(tr.language):
            item = QListWidgetItem(title_of(path))
            item.setData(_PATH, str(path))
            item.setSizeHint(QSize(0, fonts.px(_ROW_PX)))
            self.contents.addItem(item)
        self.contents.setCurrentRow(position)

    def render_state(self, state: HelpState) -> None:
        """Nothing changes while it is shown."""

    def _show_item(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.text.setMarkdown(Path(item.data(_PATH)).read_text(encoding="utf-8"))
