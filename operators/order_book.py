"""Keeps the open orders of one symbol: found by id, in price-time order, in time order where they wait.

Theory of operation. State must be plain Avro, so there are no pointers; instead every open order has a *place*, its
index in `state.orders`, and queues are doubly linked lists of places. A place that an order leaves is used again, so
nothing is allocated once the book has had its size, and the state restores exactly as it was.

A *ladder* is a list of queues, one a price, sorted so that the best price is last: orders come and go mostly near the
best, where inserting into a list moves little. A queue is found by binary search over native objects (some 4 ns a
step); joining its end and leaving from its middle are O(1). All-or-none orders have ladders of their own: they may
stand across the other side, and the ladders of the book never do while it trades. Stops have ladders by stop price.

Invariant: an order stands in exactly one queue; a queue's quantity is the sum of what its orders leave; no queue in a
ladder is empty.
Bound: places <= the most orders open at once; ended orders are remembered in two generations of limited size.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import with_hashes
from operators.order_keys import order_key
from schemas.generated.states import (
    ORDER_QUEUE_KIND_ALL_OR_NONE,
    ORDER_QUEUE_KIND_BOOK,
    ORDER_QUEUE_KIND_CLOSING,
    ORDER_QUEUE_KIND_NONE,
    ORDER_QUEUE_KIND_OPENING,
    ORDER_QUEUE_KIND_STOP,
    ORDER_STATE_UNKNOWN,
    SIDE_BUY,
    ExecutionState,
    OpenOrder,
    OrderExpiry,
    OrderQueue,
)
from schemas.wire_maps import GrowingLongs

NO_PLACE: Final[i64] = -1


def find_order(state: ExecutionState, key: str) -> OpenOrder | None:
    """The open order of this key."""
    place = state.places.get(key)
    return None if place is None else state.orders[place]


def ended_state(state: ExecutionState, key: str) -> i64:
    """Final state of an order that has ended, or UNKNOWN."""
    known = state.ended_recent.entries.get(key)
    if known is None and len(state.ended_before.entries) > 0:
        known = state.ended_before.entries.get(key)
    return ORDER_STATE_UNKNOWN if known is None else known


def open_order(state: ExecutionState, key: str) -> OpenOrder:
    """An entry for a new order, with its number; the caller fills in the rest."""
    place: i64 = state.unused_place
    if place == NO_PLACE:
        place = len(state.orders)
        order = OpenOrder(place)
        state.orders.append(order)
    else:
        order = state.orders[place]
        state.unused_place = order.next
        order.next = NO_PLACE
    state.orders_accepted += 1
    state.open_orders += 1
    order.venue_order_id = state.orders_accepted
    if len(state.places) == 0:
        with_hashes(state.places)
    state.places[key] = place
    return order


def close_order(state: ExecutionState, order: OpenOrder, ended_orders_max: i64) -> None:
    """Forget an order that stands in no queue, except for how it ended."""
    key = order_key(order.account, order.order_id)
    if order.expire_time_ns > 0:
        forget_expiry(state, order)
    del state.places[key]
    remember_ended(state, key, order.state, ended_orders_max)
    state.open_orders -= 1
    clear(order)
    order.next = state.unused_place
    state.unused_place = order.place


def remember_ended(state: ExecutionState, key: str, final_state: i64, ended_orders_max: i64) -> None:
    """Keep how an order ended: two generations, the older one dropped as a whole when the newer is full."""
    if len(state.ended_recent.entries) >= ended_orders_max:
        state.ended_recent.renew()
        state.ended_before = state.ended_recent
        state.ended_recent = GrowingLongs()
    state.ended_recent.add(key, final_state)


def clear(order: OpenOrder) -> None:
    """Set an unused entry back to what a new one holds."""
    order.venue_order_id = 0
    order.account = ""
    order.order_id = ""
    order.side = 0
    order.marking = 0
    order.order_type = 0
    order.time_in_force = 0
    order.session = 0
    order.state = 0
    order.priority = 0
    order.limit_price_e8 = 0
    order.stop_price_e8 = 0
    order.quantity = 0
    order.leaves_quantity = 0
    order.display_quantity = 0
    order.shown_quantity = 0
    order.expire_time_ns = 0
    order.post_only = False
    order.all_or_none = False
    order.self_trade_prevention = 0
    order.instrument_type = 0
    order.multiplier = 0
    order.filled_amount_e8 = 0
    order.commission_charged_e8 = 0


def available(order: OpenOrder) -> i64:
    """What of a resting order can be traded with before it must queue again."""
    return order.shown_quantity if order.display_quantity > 0 else order.leaves_quantity


def ladder_of(state: ExecutionState, order: OpenOrder, kind: i64) -> list[OrderQueue]:
    buys = order.side == SIDE_BUY
    if kind == ORDER_QUEUE_KIND_BOOK:
        return state.bids if buys else state.asks
    if kind == ORDER_QUEUE_KIND_ALL_OR_NONE:
        return state.all_or_none_bids if buys else state.all_or_none_asks
    return state.buy_stops if buys else state.sell_stops


def line_of(state: ExecutionState, kind: i64) -> OrderQueue:
    """The queue of orders that wait outside the ladders."""
    if kind == ORDER_QUEUE_KIND_OPENING:
        return state.opening
    return state.closing if kind == ORDER_QUEUE_KIND_CLOSING else state.waiting


def is_ladder(kind: i64) -> bool:
    return kind in (ORDER_QUEUE_KIND_BOOK, ORDER_QUEUE_KIND_ALL_OR_NONE, ORDER_QUEUE_KIND_STOP)


def price_in(order: OpenOrder, kind: i64) -> i64:
    return order.stop_price_e8 if kind == ORDER_QUEUE_KIND_STOP else order.limit_price_e8


def direction(order: OpenOrder, kind: i64) -> i64:
    """1 where the best (last) price of its ladder is the highest, -1 where it is the lowest."""
    return 1 if (order.side == SIDE_BUY) != (kind == ORDER_QUEUE_KIND_STOP) else -1


def search(ladder: list[OrderQueue], price_e8: i64, sign: i64) -> i64:
    """Index of the first queue whose price is not worse; the length where there is none. Looks near the best first."""
    high: i64 = len(ladder)
    low: i64 = high - 1
    step: i64 = 1
    rank = price_e8 * sign
    while low >= 0 and ladder[low].price_e8 * sign >= rank:
        high = low
        step <<= 1
        low -= step
    low = max(low + 1, 0)
    while low < high:
        middle = (low + high) >> 1
        if ladder[middle].price_e8 * sign < rank:
            low = middle + 1
        else:
            high = middle
    return low


def join(state: ExecutionState, order: OpenOrder, kind: i64) -> None:
    """Put an order at the end of its queue."""
    order.queue = kind
    state.queue_joins += 1
    order.priority = state.queue_joins
    if not is_ladder(kind):
        append(state, line_of(state, kind), order)
        return
    ladder = ladder_of(state, order, kind)
    price_e8 = price_in(order, kind)
    index = search(ladder, price_e8, direction(order, kind))
    if index < len(ladder):
        found = ladder[index]
        if found.price_e8 == price_e8:
            append(state, found, order)
            return
    made = OrderQueue(price_e8)
    ladder.insert(index, made)
    append(state, made, order)


def append(state: ExecutionState, queue: OrderQueue, order: OpenOrder) -> None:
    place = order.place
    order.previous = queue.last
    order.next = NO_PLACE
    if queue.last == NO_PLACE:
        queue.first = place
    else:
        state.orders[queue.last].next = place
    queue.last = place
    queue.quantity += order.leaves_quantity


def leave(state: ExecutionState, order: OpenOrder) -> None:
    """Take an order out of its queue; the queue goes with its last order."""
    kind = order.queue
    order.queue = ORDER_QUEUE_KIND_NONE
    if not is_ladder(kind):
        unlink(state, line_of(state, kind), order)
        return
    ladder = ladder_of(state, order, kind)
    index = search(ladder, price_in(order, kind), direction(order, kind))
    queue = ladder[index]
    unlink(state, queue, order)
    if queue.first == NO_PLACE:
        ladder.pop(index)


def unlink(state: ExecutionState, queue: OrderQueue, order: OpenOrder) -> None:
    before, after = order.previous, order.next
    if before == NO_PLACE:
        queue.first = after
    else:
        state.orders[before].next = after
    if after == NO_PLACE:
        queue.last = before
    else:
        state.orders[after].previous = before
    order.previous = NO_PLACE
    order.next = NO_PLACE
    queue.quantity -= order.leaves_quantity


def queue_of(state: ExecutionState, order: OpenOrder) -> OrderQueue:
    kind = order.queue
    if not is_ladder(kind):
        return line_of(state, kind)
    ladder = ladder_of(state, order, kind)
    return ladder[search(ladder, price_in(order, kind), direction(order, kind))]


def reduce(state: ExecutionState, order: OpenOrder, quantity: i64) -> None:
    """Take shares off what an order leaves, where it stands: it keeps its place in the queue."""
    if order.queue != ORDER_QUEUE_KIND_NONE:
        queue_of(state, order).quantity -= quantity
    order.leaves_quantity -= quantity
    order.shown_quantity = min(order.shown_quantity, order.leaves_quantity)


def show_next(state: ExecutionState, queue: OrderQueue, order: OpenOrder) -> None:
    """Iceberg whose shown part is gone: show the next part, at the end of its queue."""
    unlink(state, queue, order)
    order.shown_quantity = min(order.display_quantity, order.leaves_quantity)
    state.queue_joins += 1
    order.priority = state.queue_joins
    append(state, queue, order)


def remember_expiry(state: ExecutionState, order: OpenOrder) -> None:
    """Keep the expiries sorted, next one last; at one time, orders expire in the order they came."""
    index = expiry_index(state, order.expire_time_ns)
    state.expiries.insert(index, OrderExpiry(order.expire_time_ns, order.place))


def forget_expiry(state: ExecutionState, order: OpenOrder) -> None:
    index = expiry_index(state, order.expire_time_ns)
    while state.expiries[index].place != order.place:
        index += 1
    state.expiries.pop(index)


def expiry_index(state: ExecutionState, at_ns: i64) -> i64:
    """Index of the first expiry not after a time: those of the same time stand from there on."""
    low: i64 = 0
    high: i64 = len(state.expiries)
    while low < high:
        middle = (low + high) >> 1
        if state.expiries[middle].at_ns > at_ns:
            low = middle + 1
        else:
            high = middle
    return low
