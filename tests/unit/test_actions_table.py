"""The table of actions: no key means two things at once, and every page's keys belong to a page."""

from __future__ import annotations

import itertools

from PySide6.QtGui import QKeySequence

from ksys_hmi.actions import ACTIONS, WINDOW, ActionSpec
from ksys_hmi.pages import PAGES

EVERYWHERE = [spec for spec in ACTIONS if spec.scope == WINDOW]
PAGE_KEYS = [ActionSpec(f"page.{page.id}", page.title, page.shortcut) for page in PAGES if page.shortcut]


def test_ids_are_unique() -> None:
    ids = [spec.id for spec in ACTIONS]
    assert len(ids) == len(set(ids))


def test_every_key_can_be_pressed() -> None:
    for spec in (*ACTIONS, *PAGE_KEYS):
        if spec.shortcut:
            assert QKeySequence(spec.shortcut).toString() == QKeySequence.fromString(spec.shortcut).toString() != ""


def test_no_key_means_two_things_at_once() -> None:
    for page in PAGES:
        working = [*EVERYWHERE, *PAGE_KEYS, *(spec for spec in ACTIONS if spec.scope == page.id)]
        keyed = [spec for spec in working if spec.shortcut]
        for one, other in itertools.combinations(keyed, 2):
            assert QKeySequence(one.shortcut) != QKeySequence(other.shortcut), (page.id, one.id, other.id)


def test_scopes_are_pages() -> None:
    assert {spec.scope for spec in ACTIONS} <= {WINDOW, *(page.id for page in PAGES)}


def test_what_writes_needs_a_right_and_the_database() -> None:
    writing = [spec for spec in ACTIONS if spec.permission != "viewer"]
    assert writing
    assert all(spec.needs_database for spec in writing)
