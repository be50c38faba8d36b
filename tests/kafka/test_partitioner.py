"""Keys go where Kafka's own Java producer would send them."""

from __future__ import annotations

import base64
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.connectors.kafka.partitioner import murmur2, partition_of

JAVA = Path(__file__).parent / "Murmur.java"
PARTITIONS = 97
GOLDEN = {
    b"": 275646681,
    b"a": -1563381124,
    b"ab": 316155434,
    b"abc": 479470107,
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "Zürich".encode(): -1551140815,
    "株".encode(): -1932979637,
}
"""Of Kafka's own test (UtilsTest.testMurmur2) and from its Utils.murmur2; signed, as Java shows them."""


def signed(number: int) -> int:
    return (number ^ 1 << 31) - (1 << 31)


@pytest.mark.parametrize(("key", "expected"), GOLDEN.items())
def test_the_hash_is_that_of_the_java_client(key: bytes, expected: int) -> None:
    assert signed(murmur2(key)) == expected


def test_a_negative_hash_is_made_positive_as_java_does_it() -> None:
    assert partition_of(b"21", 50) == (-973932308 & 0x7FFFFFFF) % 50


@given(st.binary(max_size=64), st.integers(1, 1_000))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions


def test_a_thousand_keys_lie_where_the_java_client_puts_them(kafka_class_path: str) -> None:
    chance = random.Random(20261123)
    texts = [f"{chance.choice(('AAPL', 'Zürich', '株式', 'İstanbul'))}-{number}" for number in range(200)]
    keys = [
        *GOLDEN,
        *(text.encode() for text in texts),
        *(chance.randbytes(chance.randrange(41)) for _ in range(1_000)),
    ]
    command = ["java", "-Xmx64m", "-cp", kafka_class_path, str(JAVA), str(PARTITIONS)]
    lines = "".join(f"{base64.b64encode(key).decode()}\n" for key in keys)
    java = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert java == [f"{signed(murmur2(key))} {partition_of(key, PARTITIONS)}" for key in keys]
