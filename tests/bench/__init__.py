"""Benchmarks without a network, and those of Kafka."""
