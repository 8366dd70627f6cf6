"""Trend plots on pyqtgraph."""
