"""The partition of a key as Kafka's own Java producer chooses it: murmur2 of the key's bytes, made positive.

A key's records stay in one partition whoever writes them, so everyone must choose alike. Each product is one of a
number below 2^32 and FACTOR, below 2^31, and masked at once: nothing here relies on a number wrapping around.
Source: org.apache.kafka.common.utils.Utils.murmur2 and toPositive of Kafka's clients; Austin Appleby, MurmurHash2.
"""

from __future__ import annotations

from typing import Final

from librt.strings import read_i32_le
from mypy_extensions import i64

SEED: Final = 0x9747B28C
FACTOR: Final = 0x5BD1E995
MASK: Final = 0xFFFFFFFF
POSITIVE: Final = 0x7FFFFFFF


def murmur2(key: bytes) -> i64:
    """The hash of 32 bits, as a number from 0 on."""
    length: i64 = len(key)
    whole: i64 = length & ~3
    found: i64 = SEED ^ (length & MASK)
    position: i64 = 0
    while position < whole:
        word: i64 = (i64(read_i32_le(key, position)) & MASK) * FACTOR & MASK
        word = (word ^ (word >> 24)) * FACTOR & MASK
        found = (found * FACTOR & MASK) ^ word
        position += 4
    rest: i64 = length - whole
    if rest > 0:
        if rest == 3:
            found ^= i64(key[whole + 2]) << 16
        if rest >= 2:
            found ^= i64(key[whole + 1]) << 8
        found = (found ^ i64(key[whole])) * FACTOR & MASK
    found = (found ^ (found >> 13)) * FACTOR & MASK
    return found ^ (found >> 15)


def partition_of(key: bytes, partitions: i64) -> i64:
    """The partition, from 0, of a message with this key in a topic of so many partitions."""
    return (murmur2(key) & POSITIVE) % partitions
