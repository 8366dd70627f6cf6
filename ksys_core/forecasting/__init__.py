"""Forecasters, features, backtests, metrics and intervals: no SQL, no clock."""
