"""Waits between restarts of the demo's parts."""

from __future__ import annotations

from ksys_hmi.demo import Backoff


def test_it_waits_longer_and_longer_and_forgets_after_a_steady_minute() -> None:
    now = 1000.0
    backoff = Backoff(lambda: now)
    waits = [backoff.next_wait() for _ in range(7)]
    assert waits == [0.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    now += 61
    assert backoff.next_wait() == 0.0
