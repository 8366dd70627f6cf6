"""The native operator interface."""
