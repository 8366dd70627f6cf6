"""Alarms designed after ISA-18.2: pure functions on arrays; source time decides, there is no clock and no I/O.

`measure` turns readings into "beyond the limit", "in the dead band", "normal"; `condition` runs delays over these;
`regions` keeps annunciation, latch, shelf and suppression; `engine.step` is the whole of it; `isa` names the state.
"""
