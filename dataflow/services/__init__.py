"""A real Kafka broker and a real Schema Registry on this machine, without Docker: for tests, for trying things out."""
