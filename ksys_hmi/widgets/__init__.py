"""Custom-painted controls."""
