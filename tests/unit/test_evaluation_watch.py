"""When a screen says that alarms are not evaluated: by the database's clock, and not while everything starts."""

from __future__ import annotations

from ksys_core.domain.times import HOUR, SECOND
from ksys_core.store.session import Pulse
from ksys_hmi.presenters.evaluation import LATE_NS, START_NS, EvaluationWatch
from ksys_hmi.runtime import Evaluation

NOW = 1_790_000_000 * SECOND


def pulse(clock: int, evaluated: int | None) -> Pulse:
    due = None if evaluated is None else evaluated + SECOND
    return Pulse(clock, None, None, None, evaluated, due)


def test_a_pass_that_is_overdue_is_a_loss_until_the_next_one() -> None:
    watch = EvaluationWatch()
    watch.judge(pulse(NOW - SECOND, NOW - SECOND))
    assert watch.judge(pulse(NOW, NOW)) == Evaluation("on")
    assert watch.judge(pulse(NOW + SECOND + LATE_NS, NOW)) == Evaluation("on")
    late = NOW + SECOND + LATE_NS + 1
    assert watch.judge(pulse(late, NOW)) == Evaluation("stopped", NOW)
    assert watch.judge(pulse(late + SECOND, late)) == Evaluation("on")


def test_a_screen_that_starts_waits_for_a_service_that_starts_beside_it() -> None:
    watch = EvaluationWatch()
    yesterday = NOW - 24 * HOUR
    assert watch.judge(pulse(NOW, yesterday)) == Evaluation("awaited")
    assert watch.judge(pulse(NOW + START_NS - 1, yesterday)) == Evaluation("awaited")
    assert watch.judge(pulse(NOW + START_NS, yesterday)) == Evaluation("stopped", yesterday)


def test_the_last_pass_before_a_restart_of_everything_is_not_held_against_the_next_service() -> None:
    watch = EvaluationWatch()
    assert watch.judge(pulse(NOW, NOW - SECOND)) == Evaluation("on")
    assert watch.judge(pulse(NOW + 10 * SECOND, NOW - SECOND)) == Evaluation("awaited")
    assert watch.judge(pulse(NOW + 12 * SECOND, NOW + 12 * SECOND)) == Evaluation("on")
    assert watch.judge(pulse(NOW + 20 * SECOND, NOW + 12 * SECOND)) == Evaluation("stopped", NOW + 12 * SECOND)


def test_a_database_that_never_had_a_service_is_told_from_one_that_lost_it() -> None:
    watch = EvaluationWatch()
    assert watch.judge(pulse(NOW, None)) == Evaluation("awaited")
    assert watch.judge(pulse(NOW + START_NS, None)) == Evaluation("never")
