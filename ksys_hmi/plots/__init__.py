"""Painting of process data."""
