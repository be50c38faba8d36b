"""Kafka and the Schema Registry: settings, topics, schemas and errors, on real servers where that counts."""
