"""Measurements: `make bench`. Each is a ratio to the bare cost of the same work in the same run."""
