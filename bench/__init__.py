"""Measurements: `make bench`. Each is beside the bare cost of the same work in the same run: `docs/performance.md`."""
