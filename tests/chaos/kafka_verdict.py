"""What all witnesses say of a world whose last life has ended: nothing, or every fault they found."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataflow.connectors.log.reader import LogReader
from dataflow.connectors.log.segments import logged_streams
from dataflow.storage import DirectoryStorage
from tests.chaos.kafka_broker import java
from tests.chaos.kafka_conservation import order_faults, share_faults
from tests.chaos.kafka_witness import (
    PlainConsumer,
    Streams,
    by_key,
    java_event_ids,
    lost_inputs,
    out_of_order,
    twice_or_wrong,
)
from tests.chaos.kafka_world import World

CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"


@dataclass(frozen=True)
class Verdict:
    """What was found."""

    events: int
    """Read by the plain consumer."""
    faults: list[str]


def verdict_on(world: World, reference: Path, java_stream: str = "") -> Verdict:
    """`reference`: local logs of the undisturbed run. `java_stream`: what Kafka's own consumer reads too."""
    streams = PlainConsumer(world.broker.brokers, world.pipelines, world.prefix).read()
    faults = twice_or_wrong(streams) + out_of_order(streams) + lost_inputs(streams, world.inputs())
    faults += differences(streams, reference)
    faults += share_faults(streams) + order_faults(streams, world.storage())
    if java_stream:
        faults += java_faults(world, streams, java_stream)
    return Verdict(sum(map(len, streams.values())), faults)


def differences(streams: Streams, reference: Path) -> list[str]:
    """Streams whose records are not those of the logs, key by key, in their order."""
    storage = DirectoryStorage(reference)
    logged = logged_streams(storage)
    faults = [] if logged else [f"{reference} holds no logs"]
    for name in logged:
        expected: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        reader = LogReader(storage, name)
        key = reader.metadata()["tapeline.key"]
        for entry in reader.read(0):
            expected[str(entry.fields[key])].append((entry.type, entry.fields))
        found = by_key(streams[name])
        faults += [f"{name}: {_difference(each, expected, found)}" for each in _unequal(expected, found)[:1]]
    return faults


Records = dict[str, list[tuple[str, dict[str, Any]]]]


def _unequal(expected: Records, found: Records) -> list[str]:
    return [key for key in sorted(expected.keys() | found.keys()) if expected.get(key) != found.get(key)]


def _difference(key: str, expected: Records, found: Records) -> str:
    """The first record of the key that differs."""
    first, second = expected.get(key, []), found.get(key, [])
    same = sum(1 for a, b in zip(first, second, strict=False) if a == b)
    return f"key {key} has {len(second)} records, {len(first)} undisturbed; {same} of them equal at their place"


def java_faults(world: World, streams: Streams, stream: str) -> list[str]:
    """Whether Kafka's own consumer reads the same, each once."""
    command = java(CONSOLE_CONSUMER)
    ids = java_event_ids(command, world.broker.brokers, world.topic(stream))
    if sorted(ids) == sorted(each.event_id for each in streams[stream]):
        return []
    return [f"{stream}: Kafka's console consumer read {len(ids)} events, the plain one {len(streams[stream])}"]
