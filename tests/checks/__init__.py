"""Checks of the sources themselves, run as tests."""
