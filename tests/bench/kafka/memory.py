"""Resident memory of the orders job at a steady rate of orders, day after day.

python tests/bench/kafka/memory.py --rate 2000 --minutes 10 [--brokers HOST:PORT]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))

from jobs.feeds.sessions import is_trading_day
from tests.bench.kafka.cluster import AS_DECLARED, broker, cluster, send
from tests.bench.kafka.flow import Sender
from tests.bench.kafka.market import Market, inputs

FIRST_DAY = date(2026, 1, 5)
QUOTES = 0.25
"""Prices to an order."""
ACCOUNTS = 100
"""So few that each soon has a position in every instrument."""
BOUNDS = {"validate": {"order_ids_max": 128}, "execution": {"ended_orders_max": 64}}
"""So many ids are remembered of each symbol: as declared it takes weeks until each holds as many as it may, and until
then memory grows, as it should."""
MB = 1e6


@dataclass(frozen=True)
class Shift:
    """What the job does meanwhile."""

    rate: float = 2_000
    """Orders a second."""
    minutes: float = 10.0
    """After simulated days that do not count."""
    day_s: float = 30.0
    """A simulated day goes by in so long."""
    warm_up_days: int = 4
    partitions: int = AS_DECLARED

    @property
    def days(self) -> int:
        return max(2, round(self.minutes * 60 / self.day_s))


@dataclass(frozen=True)
class MemoryUse:
    """Megabytes, at the end of each simulated day after the first ones."""

    days: list[float]

    @property
    def growth(self) -> float:
        """Over all of them, by the line through them that has the least squares."""
        slope, _ = statistics.linear_regression(range(len(self.days)), self.days)
        return slope * (len(self.days) - 1)


def measured(brokers: str, shift: Shift) -> MemoryUse:
    """The next day's messages are made while this one's are sent."""
    found: list[float] = []
    days = islice(trading_days(), shift.warm_up_days + shift.days)
    markets = [_market(int(shift.rate * shift.day_s), day) for day in days]
    with cluster(brokers, "memory", shift.partitions, BOUNDS) as place:
        place.make_topics()
        given = inputs(place, markets[0])
        job = place.start("orders", "data")
        sent = 0
        for following in [*markets[1:], None]:
            send(place, given.before)
            sender = Sender(brokers, given.flow, shift.rate, time.monotonic())
            sent += len(given.before) + len(given.flow)
            given = inputs(place, following) if following else given
            sender.join()
            job.wait_for(sent)
            found.append(job.live()["process"]["memory_bytes"] / MB)
        job.end()
    return MemoryUse(found[shift.warm_up_days :])


def trading_days() -> Iterator[date]:
    """One after the other."""
    return (day for day in (FIRST_DAY + timedelta(days=number) for number in count()) if is_trading_day(day))


def _market(orders: int, day: date) -> Market:
    return Market(orders, int(orders * QUOTES), ACCOUNTS, day)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=Shift.rate)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--brokers", default="")
    chosen = parser.parse_args()
    with broker(chosen.brokers) as brokers:
        found = measured(brokers, Shift(chosen.rate, chosen.minutes))
    print(f"{found.growth:+.2f} MB in {chosen.minutes} minutes; " + " ".join(f"{size:.0f}" for size in found.days))


if __name__ == "__main__":
    main()
