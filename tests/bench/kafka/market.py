"""A simulated market with orders, as Kafka messages."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dataflow.model import Record
from dataflow.testing.pipeline import PipelineDriver
from jobs.feeds.open_source import open_source
from jobs.feeds.sessions import session
from jobs.letters import vocabulary
from tests.bench.kafka.cluster import Cluster, Sendable

SYMBOLS = 50
ACCOUNTS = 1_000
REGULAR_SHARE = 0.8
"""More of a day's orders than this come between five minutes after the opening and five before the close."""
MARGIN_NS = 5 * 60 * 1_000_000_000


@dataclass(frozen=True)
class Market:
    """A simulated day."""

    orders: int
    quotes: int
    accounts: int = ACCOUNTS
    day: date = date(2026, 11, 20)

    @property
    def specification(self) -> str:
        return f"seed=3,symbols={SYMBOLS},events={self.quotes},date={self.day.isoformat()}"

    @property
    def traders(self) -> str:
        return f"{self.specification},accounts={self.accounts},orders={self.orders}"


@dataclass(frozen=True)
class Inputs:
    """`before` is what must be known before the first order, `flow` prices and orders as they happened."""

    before: list[Sendable]
    flow: list[Sendable]


def inputs(cluster: Cluster, market: Market) -> Inputs:
    """The messages of a simulated day."""
    flow = [cluster.message(stream, item) for stream, item in timed_flow(cluster, market)]
    return Inputs([cluster.message(*each) for each in known_before(market)], flow)


def steady_inputs(cluster: Cluster, orders: int, accounts: int = ACCOUNTS) -> Inputs:
    """So many orders of a day, and about as many prices, from after the opening until before the close: at these two
    moments all that waits or is still open ends at once."""
    market = Market(int(orders / REGULAR_SHARE) + 100, int(orders / REGULAR_SHARE) + 100, accounts)
    hours = session(market.day)
    before = [cluster.message(*each) for each in known_before(market)]
    flow: list[Sendable] = []
    count = 0
    for stream, item in timed_flow(cluster, market):
        message = cluster.message(stream, item)
        if item.event_time_ns < hours.open_ns + MARGIN_NS:
            before.append(message)
        elif item.event_time_ns < hours.close_ns - MARGIN_NS and count < orders:
            flow.append(message)
            count += bool(message.order)
    if count < orders:
        raise RuntimeError(f"a day of {market.orders} orders has {count} in regular hours, {orders} are wanted")
    return Inputs(before, flow)


def known_before(market: Market) -> Iterator[tuple[str, Record]]:
    """Instruments and accounts."""
    for item in records(f"reference_data:{market.specification}", "reference-data"):
        yield "reference-data", item
    for item in records(f"accounts:{market.traders}", "accounts"):
        yield "account-events", item


def timed_flow(cluster: Cluster, market: Market) -> Iterator[tuple[str, Record]]:
    """Prices and requests in the order in which they happened."""
    raw = records(f"simulator:{market.specification}", "market")
    prices = PipelineDriver(cluster.graph, "market-data", vocabulary()).run([("raw-market-data", item) for item in raw])
    requests = records(f"order_flow:{market.traders},faults=0", "orders")
    timed = heapq.merge(
        ((item.event_time_ns, 0, n, "market-data", item) for n, item in enumerate(prices["market-data"])),
        ((item.event_time_ns, 1, n, "order-requests", item) for n, item in enumerate(requests)),
    )
    return ((stream, item) for *_, stream, item in timed)


def records(specification: str, name: str) -> Iterator[Record]:
    """All that a feed brings."""
    source = open_source(specification, name)
    source.open(None)
    while (batch := source.read()) is not None:
        yield from batch.records
    source.close()
