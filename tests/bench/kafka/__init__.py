"""Benchmarks on Kafka: `make bench-kafka`, or each file alone."""
