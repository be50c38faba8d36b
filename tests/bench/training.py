"""What a compiler is to know before it optimises: a short run of both jobs, the same each time, for a profiled build.

Built with `TAPELINE_PROFILE=record`, the compiled modules count while this runs how often each branch is taken.
"""

from __future__ import annotations

import market_data
from order_workload import QUOTES, SOURCES, Size, orders_wiring, simulated
from orders import feed

EVENTS = 60_000
WORK = Size(orders=40_000, quotes=13_000)


def train() -> None:
    """Carry orders and market data through their jobs, without checkpoints."""
    frames = simulated(WORK).frames
    wiring = orders_wiring()
    feed(wiring, frames, SOURCES[:2])
    feed(wiring, frames, ("orders", QUOTES))
    made = market_data.frames(EVENTS, 5)
    market_data.carry(market_data.job(), [made[i : i + market_data.BATCH] for i in range(0, EVENTS, market_data.BATCH)])


if __name__ == "__main__":
    train()
