"""Values and pure functions on arrays: no clock, no I/O, NumPy only."""
