"""The steps of a start, as they are done: filled by the program, shown by the start-up view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum

from PySide6.QtCore import QObject, Signal


class StepState(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: English `title` (marked for translation) and a `detail` shown beside it."""

    title: str
    state: StepState = StepState.WAITING
    detail: str = ""


class Progress(QObject):
    """The list of steps; `changed` is emitted at every change. Used from the GUI's thread only."""

    changed = Signal()

    def __init__(self, titles: tuple[str, ...]) -> None:
        super().__init__()
        self.steps: list[Step] = [Step(title) for title in titles]
        self.problem = ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Mark the step as running for the block, then as done, or as failed when the block raises."""
        self._set(title, StepState.RUNNING)
        try:
            yield
        except BaseException:
            self._set(title, StepState.FAILED)
            raise
        self._set(title, StepState.DONE)

    def detail(self, title: str, text: str) -> None:
        """Say how far a running step is."""
        self.steps = [replace(step, detail=text) if step.title == title else step for step in self.steps]
        self.changed.emit()

    def show_problem(self, text: str) -> None:
        """Why the start can't go on at the moment; empty when it can."""
        if text != self.problem:
            self.problem = text
            self.changed.emit()

    def _set(self, title: str, state: StepState) -> None:
        self.steps = [replace(step, state=state) if step.title == title else step for step in self.steps]
        self.changed.emit()
