"""Reasons of suppression: data, and its words in each language."""

from __future__ import annotations

import pytest

from ksys_core.domain.alarms.reasons import ByMaintenance, ByRule, InWords, read, reason_words, written
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
