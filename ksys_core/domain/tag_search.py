"""Finding tags by what a person types: part of the tag, of a description in any language, of the unit or the area."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ksys_core.domain.tags import Sensor


@dataclass(frozen=True, slots=True)
class _Entry:
    sensor: Sensor
    tag: str
    text: str


class TagIndex:
    """The texts of all tags, folded once so that a search is one pass over strings."""

    def __init__(self, sensors: Iterable[Sensor]) -> None:
        ordered = sorted(sensors, key=lambda sensor: sensor.tag)
        self._entries = [_Entry(sensor, sensor.tag.casefold(), _text(sensor)) for sensor in ordered]

    def search(self, query: str, limit: int = 200) -> list[Sensor]:
        """Tags that match every word of `query`, best first; all tags by name for an empty query.

        A word matches, from best to worst: the beginning of the tag, a part of it, a part of any text, or its
        letters in order within the tag ("fdflw" finds FEED_FLOW).
        """
        words = query.casefold().split()
        patterns = [(word, re.compile(".*?".join(map(re.escape, word)))) for word in words]
        scored: list[tuple[float, int, Sensor]] = []
        for place, entry in enumerate(self._entries):
            score = _score(entry, patterns)
            if score is not None:
                scored.append((score, place, entry.sensor))
        scored.sort(key=lambda found: found[:2])
        return [sensor for _, _, sensor in scored[:limit]]


def _text(sensor: Sensor) -> str:
    return "\n".join([sensor.tag, *sensor.description.values(), sensor.unit, sensor.area]).casefold()


def _score(entry: _Entry, patterns: list[tuple[str, re.Pattern[str]]]) -> float | None:
    total = 0.0
    for word, scattered in patterns:
        if word in entry.text:
            at = entry.tag.find(word)
            starts_part = at > 0 and not entry.tag[at - 1].isalnum()
            total += 3.0 if at < 0 else 0.0 if at == 0 else 1.0 if starts_part else 2.0
        elif match := scattered.search(entry.tag):
            total += 4.0 + (match.end() - match.start() - len(word)) / 100.0
        else:
            return None
    return total
