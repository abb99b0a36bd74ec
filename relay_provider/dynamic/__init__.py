"""Door 1: rooms in Python programs, by a Pulumi dynamic provider."""
