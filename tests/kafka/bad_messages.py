"""Every kind of message that is no record of its stream, put between good ones into a topic of a real cluster."""

from __future__ import annotations

import json
import random
from contextlib import closing
from typing import Any, Final, NamedTuple

from confluent_kafka import Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from confluent_kafka.schema_registry import Schema

from dataflow.blocks import encoded
from dataflow.connectors.kafka.clients import open_admin
from dataflow.connectors.kafka.registry import open_registry
from dataflow.graph import KafkaSettings
from schemas.generated.events import MARKET_DATA_RECEIVED, MarketDataReceived
from tests.kafka.whole_jobs import PARTITIONS

STREAM: Final = "raw-market-data"
SYMBOL: Final = "S0"
KEY: Final = SYMBOL.encode()
NOW_MS: Final = 1_795_300_000_000
"""A day after the market that is fed, which is of 2026-11-20."""
IN_1970_MS: Final = 86_400_000
IN_2500_MS: Final = 16_725_225_600_000
IN_1970_NS: Final = IN_1970_MS * 1_000_000
LAST_NS: Final = (1 << 63) - 1
"""In the year 2262: later times cannot be written."""
MEGABYTE: Final = 1_000_000


class Bad(NamedTuple):
    """A message, and the class of error of its letter."""

    key: bytes | None
    value: bytes | None
    error: str
    timestamp_ms: int = NOW_MS


def record(event_time_ns: int) -> bytes:
    """The Avro data of a good record, but for its time."""
    return encoded(MarketDataReceived(event_time_ns, SYMBOL))


def framed(schema_id: int, data: bytes) -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big") + data


def bad_messages(settings: KafkaSettings, own_id: int) -> list[Bad]:
    """`own_id` is that of the stream's schema."""
    noise = random.Random(5)
    retyped = json.loads(MARKET_DATA_RECEIVED.schema_json)
    retyped["fields"][3]["type"] = {"type": "map", "values": "string"}
    with closing(open_registry(settings)) as registry:
        foreign = registry.get_latest_version(f"{settings.topic('order-requests')}-value").schema_id
        strange = registry.register_schema(f"{settings.prefix}strange", Schema(json.dumps(retyped), "AVRO"))
    assert foreign is not None
    good = framed(own_id, record(NOW_MS * 1_000_000))
    return [
        Bad(KEY, b'{"symbol": "S0", "price": 1.5}', "NoFrame"),
        Bad(KEY, b"", "NoFrame"),
        Bad(KEY, b"\0\0\0", "NoFrame"),
        Bad(KEY, noise.randbytes(MEGABYTE), "NoFrame"),
        Bad(KEY, framed(own_id, noise.randbytes(MEGABYTE)), "NoRecord"),
        Bad(KEY, None, "Tombstone"),
        Bad(KEY, framed(987_654_321, record(NOW_MS * 1_000_000)), "UnknownSchemaId"),
        Bad(KEY, framed(0xFFFFFFFF, record(NOW_MS * 1_000_000)), "UnknownSchemaId"),
        Bad(KEY, framed(foreign, record(NOW_MS * 1_000_000)), "NoRecord"),
        Bad(KEY, framed(strange, record(NOW_MS * 1_000_000)), "NoRecord"),
        Bad(KEY, good + b"\0", "NoRecord"),
        Bad(KEY, good[:-1], "NoRecord"),
        Bad(None, good, "NoKey"),
        Bad(b"S1", good, "OtherKey"),
        Bad(b"\xff" * 3_000, good, "OtherKey"),
        Bad(KEY, framed(own_id, record(IN_1970_NS)), "EventTime"),
        Bad(KEY, framed(own_id, record(LAST_NS)), "EventTime"),
        Bad(KEY, framed(own_id, record(LAST_NS)), "EventTime", IN_2500_MS),
        Bad(KEY, good, "EventTime", IN_1970_MS),
        Bad(KEY, b"noise", "NoFrame", IN_1970_MS),
        Bad(KEY, b"noise", "NoFrame", IN_2500_MS),
    ]


class Copy:
    """Topics that get what others of the same streams have, with bad messages in every partition of the market's: each
    of them between good ones, the first before all others, and once more after all others."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.producer = Producer({"bootstrap.servers": settings.brokers, "message.max.bytes": 2 * MEGABYTE})

    def permit(self, stream: str) -> None:
        """Let the topic take long messages and any time, as an older broker does."""
        resource = ConfigResource(ResourceType.TOPIC, self.settings.topic(stream))
        for name, value in (("message.timestamp.after.max.ms", LAST_NS), ("max.message.bytes", 2 * MEGABYTE)):
            change = ConfigEntry(name, str(value), incremental_operation=AlterConfigOpType.SET)
            resource.add_incremental_config(change)
        admin = open_admin(self.settings)
        admin.incremental_alter_configs([resource])[resource].result()

    def put(self, stream: str, good: list[Any], bad: list[Bad]) -> None:
        topic = self.settings.topic(stream)
        for partition in range(PARTITIONS):
            own = [message for message in good if message.partition() == partition]
            every = 1 + len(own) // max(1, len(bad))
            left = list(bad)
            for number, message in enumerate(own):
                if number % every == 0:
                    self.put_bad(topic, partition, left[:1])
                    left = left[1:]
                when_ms = message.timestamp()[1]
                self.producer.produce(topic, message.value(), message.key(), partition, timestamp=when_ms)
            self.put_bad(topic, partition, [*left, *bad[:1]])
        self.producer.flush()

    def put_bad(self, topic: str, partition: int, items: list[Bad]) -> None:
        for item in items:
            self.producer.produce(topic, item.value, item.key, partition, timestamp=item.timestamp_ms)
