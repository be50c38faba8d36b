"""The embedded engine: one process, one writer, compiled."""
