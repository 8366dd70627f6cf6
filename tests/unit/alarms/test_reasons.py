"""Reasons of suppression: data, and its words in each language."""

from __future__ import annotations

import pytest

from ksys_core.domain.alarms.reasons import ByMaintenance, ByRule, InWords, journal_words, read, reason_words, written
from ksys_core.i18n import tr

RULE = ByRule("R3", {"en": "Cleaning", "ko": "세정"}, "CIP == 1", 30.0)
MAINTENANCE = ByMaintenance("M2", "RO/Stage 1", "line {down}", "kim")


@pytest.mark.parametrize("over", [False, True])
def test_what_is_written_is_read(over: bool) -> None:
    causes = (RULE, MAINTENANCE, InWords("R1 old text"))
    assert read(written(causes, over=over)) == (causes, over)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            "R3 Cleaning: CIP == 1 (over, hold-off 30 s); M2 Maintenance of RO / Stage 1: line {down} (kim)"
            " - over, waits to return",
        ),
        (
            "ko",
            "R3 세정: CIP == 1 (조건 종료, 해제 지연 30초); M2 RO / 1단 정비: line {down} (kim) - 억제 종료, 복귀 대기",
        ),
    ],
)
def test_it_is_worded_in_the_language_of_the_reader(monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    monkeypatch.setattr(tr, "language", language)
    assert reason_words(written((RULE, MAINTENANCE), over=True)) == words


@pytest.mark.parametrize(
    "old", ["", "R1 세정: CIP == 1", "disabled", '{"hidden_by": [{"rule": 1}]', '{"hidden_by": [{"x": 1}]}']
)
def test_texts_from_before_stay_readable(old: str) -> None:
    assert reason_words(old) == old
    causes, over = read(old)
    assert "; ".join(cause.words() for cause in causes) == old
    assert not over


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            "Class: process → highly managed; Latching: no → yes; On-delay (s): 0 → 7.5; Cause: a / ㄱ → - (M <1>)",
        ),
        ("ko", "등급: 공정 → 중점 관리; 래칭: 아니요 → 예; 온 딜레이 (s): 0 → 7.5; 원인: a / ㄱ → - (M <1>)"),
    ],
)
def test_changes_of_a_record_are_worded_in_the_language_of_the_reader(
    monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setattr(tr, "language", language)
    stored = (
        '{"changed" : {"class" : ["process", "hma"], "latching" : [false, true], "on_delay_s" : [0, 7.5], '
        '"cause" : [{"en": "a", "ko": "ㄱ"}, {}]}, "reason" : "M <1>"}'
    )
    assert reason_words(stored) == words
    assert reason_words(stored[:-2]) == stored[:-2], "what cannot be read is shown as it is"


def test_what_a_person_types_is_not_taken_for_a_change() -> None:
    typed = '{"changed" : {"limit" : [10, 5]}, "reason" : "MOC 7"}'
    assert journal_words("CMNT", typed) == typed
    assert journal_words("ATTR", typed) == "Limit: 10 → 5 (MOC 7)"
