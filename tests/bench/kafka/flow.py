"""The outside of a running job, in processes of their own: orders sent when they are due, and a reader of what is
committed."""

from __future__ import annotations

import gc
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from tests.bench.kafka.cluster import Sendable

READING = {"isolation.level": "read_committed", "fetch.wait.max.ms": 50, "enable.auto.commit": False}
SENDING = {"acks": "all", "enable.idempotence": True}
LINGER_S = 0.005
"""librdkafka's own: prices, which are of another program and client, are sent with it, and orders of a client that has
many of them,"""
PROMPT_S = 0.001
"""while one that has few sends them at once."""
MANY = 10_000
"""Orders a second."""
PATIENCE_S = 300.0


class Sender:
    """Sends each order of a flow when it is due, from `start` on, so many a second; prices go before their order.

    Open loop: what is due is sent, however long the job takes with what came before.
    """

    def __init__(self, brokers: str, flow: Sequence[Sendable], rate: float, start: float) -> None:
        self.pipe, self.process = _process(_send_on_time, brokers, flow, rate, start)

    def join(self) -> dict[str, float]:
        """When each order was due."""
        due: dict[str, float] = _received(self.pipe)
        self.process.join()
        return due

    def stop(self) -> None:
        self.process.kill()
        self.process.join()


class Watcher:
    """Notes when the first message that descends from each order became visible in a topic to a plain consumer that
    reads only what is committed."""

    def __init__(self, brokers: str, topic: str, partitions: int) -> None:
        self.pipe, self.process = _process(_watch, brokers, topic, partitions)
        _received(self.pipe)

    def first_since(self, since: dict[str, float], at: float) -> float | None:
        """When a message of an order that was due after this instant was first seen, if one was."""
        self.pipe.send("found")
        found: dict[str, float] = _received(self.pipe)
        return min((seen for name, seen in found.items() if since.get(name, 0.0) > at), default=None)

    def stop(self) -> dict[str, float]:
        """When the first message of each order was seen."""
        self.pipe.send("stop")
        found: dict[str, float] = _received(self.pipe)
        self.process.join()
        return found


def pause_s(due: float, now: float, linger_s: float) -> float:
    """How long to sleep before what is due at `due` is sent; 0: at once. Never shorter than half of what it lingers
    then: with a sleep before each order the sender would take a core for itself."""
    return max(linger_s / 2, due - now) if due > now else 0.0


def order_of(message: Message) -> str:
    """The order that a message descends from: the first half of its event's id."""
    for name, value in message.headers() or ():  # type: ignore[str-unpack]
        if name == "event_id" and isinstance(value, bytes):
            return value[:16].decode()
    return ""


def _received(pipe: Connection) -> dict[str, float]:
    """What the process at the other end sends. Raises TimeoutError, and EOFError where that has ended."""
    if not pipe.poll(PATIENCE_S):
        raise TimeoutError(f"a process beside the job said nothing for {PATIENCE_S:.0f} s")
    answer: dict[str, float] = pipe.recv()
    return answer


def _process(target: object, *arguments: object) -> tuple[Connection, multiprocessing.Process]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_without_collector, args=(target, there, *arguments), daemon=True
    )
    process.start()
    there.close()
    return here, process  # type: ignore[return-value]


def _without_collector(target: object, *arguments: object) -> None:
    """The collector of this process would look through a million messages of its parent, for a tenth of a second."""
    gc.freeze()
    gc.disable()
    target(*arguments)  # type: ignore[operator]


def _send_on_time(pipe: Connection, brokers: str, flow: Sequence[Sendable], rate: float, start: float) -> None:
    linger_s = PROMPT_S if rate < MANY else LINGER_S
    orders = Producer({"bootstrap.servers": brokers, **SENDING, "linger.ms": linger_s * 1_000})
    prices = Producer({"bootstrap.servers": brokers, **SENDING})
    due: dict[str, float] = {}
    for item in flow:
        if item.order:
            at = start + len(due) / rate
            due[item.order] = at
            if pause := pause_s(at, time.monotonic(), linger_s):
                orders.poll(0)
                prices.poll(0)
                time.sleep(pause)
        producer = orders if item.order else prices
        while True:
            try:
                producer.produce(item.topic, item.value, item.key, item.partition)
                break
            except BufferError:
                producer.poll(0.001)
    orders.flush()
    prices.flush()
    pipe.send(due)


def _watch(pipe: Connection, brokers: str, topic: str, partitions: int) -> None:
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "watch", **READING})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    pipe.send({})
    found: dict[str, float] = {}
    while True:
        messages = consumer.consume(1, 0.1)
        messages += consumer.consume(1_000, 0) if messages else []
        now = time.monotonic()
        for message in messages:
            if message.error() is None:
                found.setdefault(order_of(message), now)
        if pipe.poll():
            is_over = pipe.recv() == "stop"
            pipe.send(found)
            if is_over:
                break
    consumer.close()
