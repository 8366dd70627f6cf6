"""The command `ksys`."""
