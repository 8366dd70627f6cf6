"""One cycle of the alarm engine over 50,000 definitions, beside a bare NumPy comparison of the same arrays.

Twenty suppression rules are judged in each cycle, and each in its turn begins or ends to hide a part of the alarms.

``python -m tests.benchmarks.alarm_engine [--json] [--definitions N] [--cycles N]``
"""

from __future__ import annotations

import time

import numpy as np

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.rules import PlacedRule, condition_of
from ksys_core.domain.alarms.state import State
from ksys_core.domain.alarms.suppression import step_with
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND
from ksys_core.services.alarms_suppression import Suppression
from ksys_core.store.alarms_evaluated import Loaded
from tests.benchmarks.report import line, parser

INTERVAL_S = 10
RULES = 20


def plant(definitions: int) -> tuple[Definitions, State]:
    """HH, H, L and LL of a quarter as many tags, with dead bands, delays, the staleness of 10-second tags,
    in groups of twenty."""
    tags = definitions // 4
    columns = Definitions.of(
        alarm_id=np.arange(4 * tags),
        sensor_id=np.arange(4 * tags) // 4,
        kind=["HH", "H", "L", "LL"] * tags,
        limit=np.tile([90.0, 80.0, 20.0, 10.0], tags),
        dead_band=2.0,
        on_delay_s=15.0,
        off_delay_s=10.0,
        group=np.arange(4 * tags) // 20,
        stale_after_s=dict.fromkeys(range(tags), 3.0 * INTERVAL_S),
    )
    return columns, State.initial(columns)


def rules(definitions: Definitions) -> Suppression:
    """Rule k hides an equal part of the alarms while tag k is beyond 50."""
    parts = np.array_split(np.arange(len(definitions)), RULES)
    placed = tuple(PlacedRule(k, condition_of(f"T{k} > 50"), 0, rows) for k, rows in enumerate(parts))
    return Suppression(placed=placed, inputs={f"T{k}": k for k in range(RULES)})


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--definitions", type=int, default=50_000)
    given.add_argument("--cycles", type=int, default=60)
    options = given.parse_args()
    definitions, state = plant(options.definitions)
    tags = len(definitions.sensor_id)
    draw = np.random.default_rng(7)
    values = draw.uniform(15, 85, tags)
    took, bare, transitions, suppressed = [], [], 0, 0
    loaded, suppression = Loaded(definitions, state), rules(definitions)
    for cycle in range(options.cycles):
        values = values + draw.normal(0, 2, tags)
        t = cycle * INTERVAL_S * SECOND
        batch = ReadingBatch.of(np.arange(tags), np.full(tags, t), values)
        start = time.perf_counter()
        judged = suppression.judge_readings(loaded, batch, t + SECOND)
        done = step_with(loaded.state, definitions, judged.demands, batch, t + SECOND)
        took.append(time.perf_counter() - start)
        suppression, loaded = suppression.after(judged), Loaded(definitions, done.state)
        suppressed = max(suppressed, int(np.count_nonzero(done.state.suppressed)))
        transitions += len(done.transitions)
        signed = definitions.sign * values[definitions.sensor]
        start = time.perf_counter()
        np.count_nonzero(signed > definitions.beyond)
        bare.append(time.perf_counter() - start)
    milliseconds, reference = 1000 * float(np.median(took)), 1000 * float(np.median(bare))
    line(
        "alarm_engine",
        milliseconds,
        "ms",
        reference,
        as_json=options.json,
        ms=round(milliseconds, 3),
        worst_ms=round(1000 * max(took), 3),
        definitions=len(definitions),
        rules=RULES,
        most_suppressed=suppressed,
        transitions_per_cycle=round(transitions / options.cycles, 1),
        compared_with="signed > beyond on the same float64 arrays",
    )


if __name__ == "__main__":
    main()
