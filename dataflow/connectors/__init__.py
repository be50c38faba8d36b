"""Connectors: sources, sinks and codecs at the edge."""
