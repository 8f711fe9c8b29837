"""Reads runs, never a model; tables, statistics and figures."""
