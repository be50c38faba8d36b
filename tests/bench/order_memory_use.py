"""What an open order costs in memory, in all three operators together: orders that rest are sent, memory is read."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from order_workload import SOURCES, Size, frames, orders_wiring, records
from orders import feed

from dataflow.engines.embedded.wiring import Wiring
from dataflow.model import Record
from schemas.generated.events import (
    ORDER_TYPE_LIMIT,
    SIDE_BUY,
    TIME_IN_FORCE_DAY,
    AccountChanged,
    InstrumentChanged,
    OrderPlaced,
)

CENT_E8 = 1_000_000
HOUR_NS = 3_600_000_000_000
SIZE = Size(orders=200_000)


def resident_bytes() -> int:
    """Memory of this process that is not paged out."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def resting_orders(instruments: list[Record], accounts: list[Record], count: int) -> list[Record]:
    """Purchases of one share somewhat below the close, at 10:00 in New York."""
    listed = [record for record in instruments if isinstance(record, InstrumentChanged)]
    names = [record.account for record in accounts if isinstance(record, AccountChanged)]
    found: list[Record] = []
    for number in range(count):
        instrument = listed[number % len(listed)]
        at_ns = instrument.event_time_ns + 7 * HOUR_NS + number * 1_000_000
        account = names[number * 7_919 % len(names)]
        order = OrderPlaced(at_ns, instrument.symbol, account, f"o{number}", SIDE_BUY)
        order.order_type, order.time_in_force, order.quantity = ORDER_TYPE_LIMIT, TIME_IN_FORCE_DAY, 1
        price_e8 = instrument.previous_close_price_e8 * (960 + number % 39) // 1_000
        order.limit_price_e8 = price_e8 - price_e8 % CENT_E8
        found.append(order)
    return found


def open_orders(wiring: Wiring) -> int:
    """How many stand in the books."""
    node = wiring.nodes["execution"]
    cells = [slot.cells[node.cell_number] for slot in wiring.core.table.slots if slot.space is node.space]
    return sum(cell.state.open_orders for cell in cells if cell is not None)  # type: ignore[attr-defined]


def bytes_per_open_order() -> float:
    """Ids that validate remembers and reservations that risk keeps included."""
    accounts = records(f"accounts:{SIZE.market},accounts={SIZE.accounts},orders={SIZE.orders}", "accounts")
    instruments = records(f"reference_data:{SIZE.market}", "reference-data")
    orders = resting_orders(instruments, accounts, SIZE.orders)
    messages = {"reference-data": frames(instruments), "accounts": frames(accounts), "orders": frames(orders)}
    wiring = orders_wiring()
    feed(wiring, messages, SOURCES[:2])
    feed(wiring, {"orders": messages["orders"][: SIZE.orders // 10]}, ("orders",))
    counted, before = open_orders(wiring), resident_bytes()
    gc.collect()
    for start in range(SIZE.orders // 10, SIZE.orders, 10_000):
        feed(wiring, {"orders": messages["orders"][start : start + 10_000]}, ("orders",))
    return (resident_bytes() - before) / (open_orders(wiring) - counted)


if __name__ == "__main__":
    print(bytes_per_open_order())
