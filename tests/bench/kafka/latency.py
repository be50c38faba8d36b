"""From an order's arrival to its execution, as a reader of committed messages sees it.

Open loop: orders are sent when they are due, however long the ones before took, and latency counts from when an order
was due. Sender, job, broker and reader are processes of their own on the same machine.

    python tests/bench/kafka/latency.py --rate 2000 --seconds 10 [--partitions 4] [--brokers HOST:PORT]
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))

from tests.bench.kafka.cluster import AS_DECLARED, broker, cluster, send
from tests.bench.kafka.flow import Sender, Watcher
from tests.bench.kafka.market import steady_inputs
from tests.bench.measure import percentile

WARM_UP_S = 15.0
SETTLE_S = 1.0
STREAM = "trade-events"


@dataclass(frozen=True)
class Load:
    """Orders a second, each with about one price before it; the first seconds do not count."""

    rate: int
    seconds: float
    partitions: int = AS_DECLARED
    """At most, of each topic."""
    warm_up_s: float = WARM_UP_S

    @property
    def orders(self) -> int:
        return int(self.rate * (self.seconds + self.warm_up_s))


def measured(brokers: str, load: Load) -> list[float]:
    """Milliseconds of each order that was executed at once, ascending."""
    with cluster(brokers, "latency", load.partitions) as place:
        place.make_topics()
        given = steady_inputs(place, load.orders)
        send(place, given.before)
        job = place.start("orders", "data")
        job.wait_for(len(given.before))
        watcher = Watcher(brokers, place.topic(STREAM), place.partitions_of(STREAM))
        start = time.monotonic() + 1.0
        sent = Sender(brokers, given.flow, load.rate, start).join()
        job.wait_for(len(given.before) + len(given.flow))
        time.sleep(SETTLE_S)
        found = watcher.stop()
        job.end()
    return latencies_ms(sent, found, start + load.warm_up_s)


def latencies_ms(due: dict[str, float], seen: dict[str, float], since: float) -> list[float]:
    """Of the orders due since then, ascending. What was executed later, when a price came, descends from the price."""
    found = sorted((at - due[name]) * 1_000 for name, at in seen.items() if name in due and due[name] >= since)
    if not found:
        raise RuntimeError("no order was executed")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--warm-up", type=float, default=WARM_UP_S, help="Seconds at this rate that do not count.")
    parser.add_argument("--partitions", type=int, default=AS_DECLARED, help="At most, of each topic.")
    parser.add_argument("--brokers", default="")
    chosen = parser.parse_args()
    with broker(chosen.brokers) as brokers:
        found = measured(brokers, Load(chosen.rate, chosen.seconds, chosen.partitions, chosen.warm_up))
    names = {0.5: "p50", 0.9: "p90", 0.99: "p99", 0.999: "p99.9", 1.0: "max"}
    shown = "  ".join(f"{name} {percentile(found, share):.2f} ms" for share, name in names.items())
    print(f"{chosen.rate:,} orders/s, {len(found):,} executions: {shown}")


if __name__ == "__main__":
    main()
