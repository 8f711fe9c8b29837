"""Whole networks, one per file."""
