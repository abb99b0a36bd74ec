"""Declared rooms kept live: looks again and again, recreates what is missing, and says what it sees.

Needs no Pulumi. It ends no room but, where it is told to repair, a changed one that is known to be empty.
"""
