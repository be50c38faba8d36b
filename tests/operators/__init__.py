"""Operators, by hand and against references."""
