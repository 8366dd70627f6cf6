"""Numbered SQL steps of the schema, run by Alembic under an advisory lock."""
