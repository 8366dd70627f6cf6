"""One alarm of one tag, one reading at a time, in plain Python: what the engine must agree with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

FOREVER = 2**62


@dataclass
class ReferenceAlarm:
    """Times in seconds; `high` tells HH/H from L/LL."""

    high: bool
    limit: float
    dead_band: float
    on_delay: int
    off_delay: int
    count: int
    latching: bool
    realarm: int | None
    stale_after: int | None
    cond: str = "N"
    since: int = 0
    occurrence: int = 0
    latched: int = 0
    quality: str = "GOOD"
    last: int | None = None
    pending: float = math.nan
    entries: list[int] = field(default_factory=list)
    acked: int = 0
    acked_at: int = 0
    reset: int = 0
    shelf: str = "none"
    shelf_no: int = 0
    released: int = 0
    until: int = 0
    oos: bool = False
    active_since: int = -FOREVER
    suppressed: bool = False
    wanted: bool = False
    events: list[tuple[str, int, int, int, str]] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Seconds from the first activation that somebody saw to each acknowledgement."""

    @property
    def shelved(self) -> bool:
        return self.shelf != "none" and self.shelf_no > self.released

    @property
    def isa(self) -> str:
        if self.oos:
            return "OOSRV"
        if self.suppressed:
            return "DSUPR"
        if self.shelved:
            return "SHLVD"
        acked = self.acked >= self.occurrence
        if self.cond in ("A", "PEND_OFF"):
            return "ACKED" if acked else "UNACK"
        if self.latched > self.reset:
            return "LACKED" if acked else "LUNACK"
        return "NORM" if acked else "RTNUN"

    def emit(self, event: str, source: int, detected: int) -> None:
        self.events.append((event, source, detected, self.occurrence, self.isa))
        self.look()

    def look(self) -> None:
        """Nobody answers what he does not see, and what is acknowledged has been answered."""
        if self.isa in ("OOSRV", "DSUPR", "SHLVD") or self.acked >= self.occurrence:
            self.unanswered = []

    def annunciate(self) -> None:
        hold = self.latched > self.reset or self.latching
        self.occurrence += 1
        if hold:
            self.latched = self.occurrence

    def activate(self, source: int, at: int) -> None:
        self.cond, self.since, self.active_since, self.entries = "A", source, source, []
        if self.latching or not self.suppressed:
            self.annunciate()
        self.emit("ACT", source, at)
        if self.isa == "UNACK":
            self.unanswered.append(at)

    def clear(self, source: int, at: int) -> None:
        self.cond, self.since = "N", source
        self.emit("RTN", source, at)
        if self.shelf == "oneshot" and self.shelved:
            self.released = self.shelf_no
            self.emit("SHLVEND", at, at)

    def deadline(self) -> tuple[int, str]:
        usable = self.quality in ("GOOD", "UNCERTAIN")
        options = [(FOREVER, 9, "")]
        if self.cond == "PEND_ON" and usable:
            options.append((self.since + self.on_delay, 0, "on"))
        if self.cond == "PEND_OFF" and usable:
            options.append((self.since + self.off_delay, 1, "off"))
        if self.realarm is not None and self.isa == "ACKED":
            options.append((self.acked_at + self.realarm, 3, "realarm"))
        at, _, what = min(options)
        return at, what

    def advance(self, to: int) -> None:
        while True:
            at, what = self.deadline()
            if at > to:
                return
            if what == "on":
                self.activate(self.since, at)
            elif what == "off":
                self.clear(self.since, at)
            else:
                self.annunciate()
                self.emit("RALM", at, at)

    @property
    def stands(self) -> bool:
        return self.cond in ("A", "PEND_OFF") or self.latched > self.reset

    def demand(self, at: int, wanted: bool) -> None:
        self.wanted = wanted
        if wanted and not self.suppressed:
            self.suppressed = True
            self.emit("SUPR", at, at)

    def over(self, now: int) -> bool:
        return self.shelved and self.until <= now

    def due(self, now: int) -> bool:
        return self.over(now) or (self.suppressed and not self.wanted)

    def would_sound(self, now: int) -> bool:
        """Unacknowledged on the screen once it is let go."""
        hidden = self.oos or (self.suppressed and self.wanted) or (self.shelved and not self.over(now))
        return self.stands and not hidden

    def let_go(self, now: int) -> None:
        if self.over(now):
            if self.stands and not self.suppressed:
                self.annunciate()
            self.released = self.shelf_no
            self.emit("SHLVEND", now, now)
        if self.suppressed and not self.wanted:
            self.suppressed = False
            if self.stands:
                self.annunciate()
            self.emit("UNSUPR", now, now)

    def age(self, to: int) -> None:
        """Go stale, strictly after the time to do so."""
        if self.last is not None and self.stale_after is not None and to - self.last > self.stale_after:
            self.advance(self.last + self.stale_after)
            self.quality = "STALE"

    def time(self, now: int) -> None:
        self.age(now)
        self.advance(now)

    def reading(self, t: int, value: float, quality: str) -> None:
        self.age(t)
        self.advance(t)
        self.last = t
        recovered = self.quality in ("BAD", "STALE") and quality != "BAD"
        self.quality = quality
        if quality == "BAD":
            return
        sign = 1 if self.high else -1
        out = sign * value > sign * self.limit
        inside = sign * value < sign * self.limit - self.dead_band
        if self.cond == "N" and out:
            self.enter(t)
        elif self.cond == "PEND_ON":
            if not out:
                self.cond, self.since = "N", t
            elif recovered and self.since + self.on_delay <= t:
                self.activate(self.since, t)
        elif self.cond == "A" and inside:
            if self.off_delay == 0:
                self.clear(t, t)
            else:
                self.cond, self.since = "PEND_OFF", t
        elif self.cond == "PEND_OFF":
            if not inside:
                self.cond = "A"
            elif recovered:
                self.since = t

    def enter(self, t: int) -> None:
        counted = False
        if self.count:
            self.entries.append(t)
            window = [e for e in self.entries[-self.count :] if e >= t - self.on_delay]
            counted = len(window) >= self.count
        if self.on_delay == 0 or counted:
            self.activate(t, t)
        else:
            self.cond, self.since = "PEND_ON", t

    def operate(self, kind: str, at: int, until: int) -> None:
        isa = self.isa
        if kind == "ACK" and isa in ("UNACK", "RTNUN", "LUNACK"):
            self.answers += [at - seen for seen in self.unanswered[:1]]
            self.acked, self.acked_at = self.occurrence, at
        elif kind == "UNACK" and isa in ("ACKED", "LACKED"):
            self.acked = self.occurrence - 1
        elif kind == "RESET" and isa == "LACKED":
            self.reset = self.latched
        elif kind in ("SHLV", "ONCE") and isa not in ("OOSRV", "DSUPR"):
            self.shelf = "timed" if kind == "SHLV" else "oneshot"
            self.shelf_no, self.until = self.shelf_no + 1, until
            if kind == "ONCE":
                self.acked, self.acked_at = self.occurrence, at
        elif kind == "UNSHLV" and self.shelved:
            self.shelf, self.acked, self.acked_at = "none", self.occurrence, at
        elif kind == "OOS":
            self.oos = True
        elif kind == "INSRV" and self.oos:
            self.oos = False
            if self.cond in ("A", "PEND_OFF"):
                self.acked = min(self.acked, self.occurrence - 1)
        self.look()


@dataclass
class ReferenceReturns:
    """Five places in ten minutes, for all alarms together."""

    made: list[int] = field(default_factory=list)

    def release(self, alarms: list[ReferenceAlarm], now: int) -> None:
        due = [alarm for alarm in alarms if alarm.due(now)]
        queue = sorted((a for a in due if a.would_sound(now)), key=lambda a: a.active_since)
        chosen = queue[: 5 - sum(now - 600 < at <= now for at in self.made)]
        self.made += [now] * len(chosen)
        for alarm in due:
            if alarm in chosen or alarm not in queue:
                alarm.let_go(now)
