"""Tests of the graph: pipelines.yaml, its faults, its drawings and its examples."""
