"""Pixels, before a network; NumPy in, NumPy out."""
