"""Local topic logs: one append-only log a stream, in segments that any Avro tool reads."""
