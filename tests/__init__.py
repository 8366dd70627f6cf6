"""Tests of KSys."""
