"""A job's producers compress as most partitions of what they write declare."""

from __future__ import annotations

from dataflow.graph import Stream
from jobs.kafka_edges import compression_of
from schemas.generated.events import PRICE_UPDATED


def stream(name: str, partitions: int, compression: str) -> Stream:
    return Stream(name, (PRICE_UPDATED,), "symbol", partitions, 86_400_000, compression)


def test_the_compression_of_most_partitions_is_taken() -> None:
    streams = [stream("a", 10, "zstd"), stream("b", 4, "snappy"), stream("c", 8, "snappy"), stream("d", 2, "none")]
    assert compression_of(streams) == "snappy"


def test_nothing_is_compressed_where_most_is_declared_so() -> None:
    assert compression_of([stream("a", 10, "none"), stream("b", 4, "lz4")]) == "none"


def test_without_a_stream_nothing_is_compressed() -> None:
    assert compression_of([]) == "none"
