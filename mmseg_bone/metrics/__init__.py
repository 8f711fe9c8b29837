"""How good a mask is; NumPy only."""
