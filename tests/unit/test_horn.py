"""Tones are what they say, and the horn sounds what is most urgent until nobody asks for it any more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_hmi.presenters.horn import Repeater
from ksys_hmi.sound.tones import LOST, RATE, TONES, Samples, Tone, samples


def pulses(sound: Samples) -> int:
    """Stretches of sound between silences of at least 20 ms."""
    loud = np.convolve(np.abs(sound.astype(np.int64)) > 200, np.ones(RATE // 50), "same") > 0
    return int((np.diff(loud.astype(np.int8), prepend=0) == 1).sum())


@pytest.mark.parametrize(("priority", "count"), [(1, 3), (2, 2), (3, 1), (4, 1)])
def test_priorities_differ_by_pulses_and_loudness(priority: int, count: int) -> None:
    sound = samples(TONES[priority], 0.5)
    assert pulses(sound) == count
    assert np.abs(sound.astype(np.int64)).max() <= 0.5 * TONES[priority].level * 32_767
    assert abs(int(sound[0])) < 50, "a tone must not begin with a click"


def test_the_most_urgent_tone_is_the_highest_and_the_loudest() -> None:
    assert [TONES[n].hz[0] for n in (1, 2, 3, 4)] == sorted((TONES[n].hz[0] for n in TONES), reverse=True)
    assert np.abs(samples(TONES[4], 1)).max() < np.abs(samples(TONES[3], 1)).max() * 0.5
    assert len({(tone.hz, tone.pulse_s) for tone in (*TONES.values(), LOST)}) == 5


def test_a_tone_comes_again_until_it_is_silenced() -> None:
    horn = Repeater()
    assert horn.due({2: 1}, 0.0) is TONES[2]
    assert horn.due({2: 1}, 3.9) is None
    assert horn.due({2: 1}, 4.0) is TONES[2]
    assert horn.due({}, 9.0) is None


def test_a_more_urgent_alarm_is_heard_at_once_and_a_less_urgent_one_does_not_cover_it() -> None:
    horn = Repeater()
    assert horn.due({3: 1}, 0.0) is TONES[3]
    assert horn.due({3: 1, 1: 1}, 0.25) is TONES[1]
    assert horn.due({3: 2, 1: 1}, 0.5) is None
    assert horn.due({3: 2, 1: 1}, 2.25) is TONES[1]


def test_a_new_alarm_of_the_same_priority_sounds_at_once() -> None:
    horn = Repeater()
    horn.due({3: 1}, 0.0)
    assert horn.due({3: 2}, 1.0) is TONES[3]


def test_a_diagnostic_sounds_once() -> None:
    horn = Repeater()
    assert horn.due({4: 1}, 0.0) is TONES[4]
    assert [horn.due({4: 1}, t) for t in (10.0, 100.0)] == [None, None]
    assert horn.due({4: 2}, 101.0) is TONES[4]


def test_a_lost_database_has_a_tone_of_its_own() -> None:
    horn = Repeater()
    assert horn.due({}, 0.0, lost=True) is LOST
    assert horn.due({}, 1.0, lost=True) is None
    assert horn.due({}, 10.0, lost=True) is LOST
    assert horn.due({}, 11.0) is None
    assert horn.due({}, 12.0, lost=True) is LOST


@given(st.lists(st.dictionaries(st.integers(1, 4), st.integers(0, 3)), max_size=30))
def test_only_what_asks_for_the_horn_sounds_and_the_most_urgent_never_waits_longer_than_its_pause(
    states: list[dict[int, int]],
) -> None:
    horn = Repeater()
    silent_since: dict[Tone, float] = {}
    for k, state in enumerate(states):
        now = k * 0.5
        tone = horn.due(state, now)
        wanted = [n for n in sorted(state) if state[n]]
        assert tone is None or tone in [TONES[n] for n in wanted]
        first = TONES[wanted[0]] if wanted else None
        silent_since = {each: at for each, at in silent_since.items() if each is first}
        if first is not None and first.repeat_s is not None:
            at = silent_since.setdefault(first, now)
            assert tone is first or now - at < first.repeat_s
        if tone is not None:
            silent_since[tone] = now
