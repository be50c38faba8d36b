"""Kafka topics as streams, and the Schema Registry that knows what lies in them."""
