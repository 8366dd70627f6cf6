"""Base of every page: bound to its presenter, live only while it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QEvent
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from ksys_hmi.actions import Actions
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime
from ksys_hmi.widgets.hatch import HatchOverlay

StateT = TypeVar("StateT", bound=PageState)


class Page(QWidget, Generic[StateT]):
    """A page of the main window.

    A subclass builds its widgets in ``__init__`` (calling ``super().__init__(runtime, presenter)`` first), sets all
    texts in `retranslate` and shows a state in `render`. The frame calls `open` with the parameters of
    `Runtime.open_page`. The hatch over a frozen page is drawn here.
    """

    def __init__(self, runtime: Runtime, presenter: Presenter[StateT]) -> None:
        super().__init__()
        self.runtime = runtime
        self.presenter = presenter
        self._hatch = HatchOverlay(self)
        presenter.changed.connect(self._on_state)

    @property
    def loaded(self) -> bool:
        """Whether the page shows its data (or the reason why it can't)."""
        return not self.presenter.state.loading

    def open(self, **params: Any) -> None:
        """Show what the parameters ask for; called before the page is shown."""

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What carries out the page's rows of the action table: ``{"trend.live": self.toggle_live}``."""
        return {}

    def bind_actions(self, actions: Actions) -> None:
        """Bind `handlers`; their keys work while the page or a part of it has the focus."""
        for action_id, handler in self.handlers().items():
            actions.bind(action_id, handler, self)

    def close_topmost(self) -> None:
        """Esc while no overlay is open: close what lies on top within the page."""

    def retranslate(self) -> None:
        """Set every fixed text again in the current language."""

    def render_state(self, state: StateT) -> None:
        """Show `state`; called only while the page is visible or about to be."""
        raise NotImplementedError

    def _on_state(self, state: StateT) -> None:
        self._hatch.setVisible(state.stale_since is not None)
        self._hatch.raise_()
        self.render_state(state)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.presenter.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.presenter.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._hatch.setGeometry(self.rect())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
            self.render_state(self.presenter.state)
            self.presenter.refresh()  # texts that come with the data
