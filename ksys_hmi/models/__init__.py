"""Table and list models: QtCore only."""
