"""The order flow of the simulated market: any number of orders of any number of accounts, the same for the same seed.

Theory of operation. Requests come in groups about one symbol (`request_group`); a request follows from its group, and,
where it cancels, replaces or closes out an order, from the group that order is in. So a position is the number of a
batch, going there costs nothing, and no order is remembered, however many there are. Requests come in order of time.

Options: `seed`, `symbols`, `events`, `date` are those of the `simulator` beside it; `accounts` as for `accounts`;
`orders` counts all requests; `cancels`, `replaces`, `faults`, `self_trades` are how many of 1,000 requests are such. A
cancel or replace with no order to go back to is a new order instead: the fewer requests a symbol has the more often.

What comes of the default mix, in percent (20 symbols, 1,000 accounts, 50,000 requests beside a market of 100,000
messages; orders trade with each other and with the market's quotes):

| | |
|---|---|
| requests | new orders 69, cancels 21, replaces 10 |
| types of orders | limit 82, market 12, stop 3, stop limit 3 |
| times in force | day 74, at once 16, until cancelled or a date 8, auctions 2 |
| sides | purchases 61, short sales 34, long sales 5 |
| new orders | refused by validate 1.8, risk 1.3, the book 0.4; filled 53, cancelled by the client 26, expired 11 |
| cancels | too late 13, most of them for orders that are filled already |
| replaces | too late 14 |
"""

from __future__ import annotations

from typing import Any, Final

from mypy_extensions import i64

from dataflow.connectors.identity import source_prefix, stamp
from dataflow.model import Record, derive_id
from dataflow.ports import Batch, InputFault, Source
from jobs.feeds.market_day import PHASE_AFTER, MarketDayPlan
from jobs.feeds.market_view import MARKET_OPTIONS, MarketView, market_plan
from jobs.feeds.order_faults import CANCEL_OF_NOTHING, FAULT_KINDS, ORDER_ID_REPEATED, limit_order, spoil_order
from jobs.feeds.order_terms import ACCOUNT_SALT, OrderWriter, away_e8, far_e8
from jobs.feeds.request_group import (
    GROUP,
    NONE,
    ROLE_CANCEL,
    ROLE_CLOSE,
    ROLE_FAULT,
    ROLE_NEAR,
    ROLE_REPLACE,
    ROLE_SELF,
    OrderMix,
    RequestGroup,
)
from jobs.feeds.simulator import DATE
from jobs.feeds.specification import Specification
from jobs.feeds.stated_records import stated_records
from jobs.feeds.traders import ACCOUNTS_MAX, Traders
from schemas.generated.events import (
    ORDER_SESSION_ALL_DAY,
    ORDER_SESSION_REGULAR,
    ORDER_TYPE_MARKET,
    SALE_MARKING_LONG,
    SALE_MARKING_NONE,
    SALE_MARKING_SHORT,
    SELF_TRADE_PREVENTION_DECREMENT,
    SELF_TRADE_PREVENTION_NONE,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_AT_THE_CLOSE,
    TIME_IN_FORCE_DAY,
    OrderCancelRequested,
    OrderPlaced,
    OrderReplaceRequested,
)

BATCH_GROUPS: Final = 256
ORDERS_MAX: Final = 1 << 32
ACCOUNTS: Final = 1000
REPLACE_SALT: Final = 3
FAULT_SALT: Final = 4
OPTIONS: Final[tuple[str, ...]] = (
    *MARKET_OPTIONS,
    "accounts",
    "orders",
    "cancels",
    "replaces",
    "faults",
    "self_trades",
)


class RequestWriter:
    """Writes the requests of a group one after the other."""

    def __init__(self, view: MarketView, traders: Traders, mix: OrderMix, date: str) -> None:
        self.traders: Traders = traders
        self.orders: OrderWriter = OrderWriter(traders, date)
        self.group: RequestGroup = RequestGroup(view, mix)
        self.served: RequestGroup = RequestGroup(view, mix)
        """The earlier group whose orders this one cancels, replaces and closes out."""
        self.serves: bool = False
        self.next_resting: i64 = 0
        self.next_own: i64 = 0
        self.next_taking: i64 = 0
        self.last: OrderPlaced | None = None
        """The last new order of the group."""
        self.last_near: i64 = NONE
        """The place of the last that waits at the market, and that nothing else in the flow goes back to."""

    def turn_to(self, number: i64) -> None:
        self.group.turn_to(number)
        earlier = self.group.served()
        self.serves = earlier != NONE
        if self.serves:
            self.served.turn_to(earlier)
        self.next_resting = 0
        self.next_own = 0
        self.next_taking = 0
        self.last = None
        self.last_near = NONE

    def request(self, place: i64) -> Record:
        """The request at a place of the group; ask for all of them, in order."""
        role: i64 = self.group.roles[place]
        if role in (ROLE_CANCEL, ROLE_REPLACE):
            change = self.change(place, role)
            if change is not None:
                return change
        elif role == ROLE_CLOSE:
            opened = self.order_to_close()
            if opened is not None:
                return self.placed(self.orders.closing_order(self.group, place, opened))
        elif role == ROLE_FAULT:
            return self.fault(place)
        elif role == ROLE_SELF:
            return self.self_trade(place)
        order = self.orders.order(self.group, place)
        if role == ROLE_NEAR and place in self.group.near:
            self.last_near = place
        return self.placed(order)

    def placed(self, order: OrderPlaced) -> OrderPlaced:
        self.last = order
        return order

    def change(self, place: i64, role: i64) -> Record | None:
        """A cancel or replace of an order of this group, of the served one, or one that no later group goes back to;
        None where there is none. Orders may be replaced several times, until they are cancelled."""
        group = self.group
        target: i64 = group.targets[place]
        if target != NONE:
            return self.change_of(place, role, self.orders.order(group, target))
        if self.serves and self.next_resting < len(self.served.resting):
            opened = self.orders.order(self.served, self.served.resting[self.next_resting])
            change = self.change_of(place, role, opened)
            if isinstance(change, OrderCancelRequested):
                self.next_resting += 1
            return change
        target = self.last_near
        if target != NONE:
            self.last_near = NONE
        elif group.is_left and self.next_own < len(group.resting) and group.resting[self.next_own] < place:
            target = group.resting[self.next_own]
            self.next_own += 1
        return None if target == NONE else self.change_of(place, role, self.orders.order(group, target))

    def change_of(self, place: i64, role: i64, opened: OrderPlaced) -> Record:
        """Orders for the close are not replaced: they soon may not be."""
        if role == ROLE_CANCEL or opened.time_in_force == TIME_IN_FORCE_AT_THE_CLOSE:
            return self.cancel(place, opened)
        return self.replace(place, opened)

    def order_to_close(self) -> OrderPlaced | None:
        """An order of the served group that has most likely been filled."""
        while self.serves and self.next_taking < len(self.served.taking):
            opened = self.orders.order(self.served, self.served.taking[self.next_taking])
            self.next_taking += 1
            if opened.time_in_force == TIME_IN_FORCE_DAY or opened.order_type == ORDER_TYPE_MARKET:
                return opened
        return None

    def cancel(self, place: i64, opened: OrderPlaced) -> OrderCancelRequested:
        group = self.group
        at_ns = group.request_ns(place, group.draws[place] >> 22)
        number = group.number * GROUP + place + 1
        return OrderCancelRequested(at_ns, opened.symbol, opened.account, opened.order_id, "C" + str(number))

    def replace(self, place: i64, opened: OrderPlaced) -> OrderReplaceRequested:
        """Follow the market with the price, or ask for more or fewer shares."""
        group = self.group
        draw = derive_id(group.draws[place], REPLACE_SALT)
        at_ns = group.request_ns(place, group.draws[place] >> 22)
        request = OrderReplaceRequested(at_ns, opened.symbol, opened.account, opened.order_id)
        request.request_id = "R" + str(group.number * GROUP + place + 1)
        request.side = opened.side
        request.quantity = opened.quantity
        request.display_quantity = opened.display_quantity
        request.limit_price_e8 = opened.limit_price_e8
        request.stop_price_e8 = opened.stop_price_e8
        request.expire_time_ns = opened.expire_time_ns
        kind = draw & 7
        if opened.stop_price_e8 != 0:
            move_stop(request, group, group.jump_bps() + (draw >> 3 & 0xFF))
        elif opened.order_type == ORDER_TYPE_MARKET or kind == 0:
            request.quantity += request.quantity
        elif kind < 3 and request.quantity > 1:
            request.quantity = (request.quantity + 1) // 2
            request.display_quantity = (request.display_quantity + 1) // 2
        else:
            request.limit_price_e8 = far_e8(opened.side, group, draw >> 3)
            if request.limit_price_e8 == opened.limit_price_e8:
                request.quantity += 1
        return request

    def self_trade(self, place: i64) -> OrderPlaced:
        """An order of the other side of one of the same account that may still be waiting."""
        group = self.group
        order = self.orders.order(group, place)
        target = group.waiting_before(place)
        if target != NONE:
            other = self.orders.order(group, target)
            order.account = other.account
            order.quantity = other.quantity
            order.side = SIDE_SELL if other.side == SIDE_BUY else SIDE_BUY
            order.marking = SALE_MARKING_NONE
            if order.side == SIDE_SELL:
                number = self.traders.active(derive_id(group.draws[target], ACCOUNT_SALT))
                shorts = self.traders.can_sell_short(number, group.rank)
                order.marking = SALE_MARKING_SHORT if shorts else SALE_MARKING_LONG
            limit_order(order, group)
            order.session = ORDER_SESSION_ALL_DAY if group.phase == PHASE_AFTER else ORDER_SESSION_REGULAR
            order.self_trade_prevention = group.draws[place] >> 40 & 7
            if order.self_trade_prevention > SELF_TRADE_PREVENTION_DECREMENT:
                order.self_trade_prevention = SELF_TRADE_PREVENTION_NONE
            order.limit_price_e8 = other.limit_price_e8
        return self.placed(order)

    def fault(self, place: i64) -> Record:
        group = self.group
        kind = derive_id(group.draws[place], FAULT_SALT) % FAULT_KINDS
        order = self.orders.order(group, place)
        if kind == CANCEL_OF_NOTHING:
            return self.cancel(place, order)
        last = self.last
        if kind == ORDER_ID_REPEATED and last is not None:
            order.account = last.account
            order.order_id = last.order_id
            return order
        spoil_order(order, group, kind, self.traders.accounts)
        return order


def move_stop(request: OrderReplaceRequested, group: RequestGroup, bps: i64) -> None:
    """A stop follows the market, and its limit follows the stop."""
    tick = group.instrument.tick_e8
    room = request.limit_price_e8 - request.stop_price_e8
    if request.side == SIDE_BUY:
        request.stop_price_e8 = away_e8(group.ask_e8, bps, tick)
    else:
        request.stop_price_e8 = away_e8(group.bid_e8, -bps, tick)
    if request.limit_price_e8 != 0:
        request.limit_price_e8 = max(request.stop_price_e8 + room, tick)


class OrderFlow:
    """The source (see `dataflow.ports.Source`)."""

    def __init__(self, name: str, plan: MarketDayPlan, mix: OrderMix, accounts: int, date: str) -> None:
        self.plan: Final[MarketDayPlan] = plan
        self.mix: Final[OrderMix] = mix
        self.accounts: Final[int] = accounts
        self.date: Final[str] = date
        self.prefix: i64 = source_prefix(name)
        self.writer: RequestWriter | None = None
        self.batch: i64 = 0

    def open(self, position: Any | None) -> None:
        if self.writer is None:
            view = MarketView(self.plan)
            traders = Traders(view.day.seed, self.accounts, self.plan.symbols)
            self.writer = RequestWriter(view, traders, self.mix, self.date)
        self.batch = 0 if position is None else position["batch"]

    def read(self) -> Batch | None:
        writer = self.writer
        assert writer is not None, "the source is not open"
        number: i64 = self.batch * BATCH_GROUPS
        left: i64 = self.mix.orders - number * GROUP
        if left <= 0:
            return None
        end: i64 = number + BATCH_GROUPS
        batch = Batch({"batch": self.batch})
        records = batch.records
        while number < end and left > 0:
            writer.turn_to(number)
            place: i64 = 0
            while place < GROUP and left > 0:
                record = writer.request(place)
                stamp(record, self.prefix, number * GROUP + place + 1)
                records.append(record)
                place += 1
                left -= 1
            number += 1
        self.batch += 1
        return batch

    def expected_records(self) -> int | None:
        return self.mix.orders

    def close(self) -> None:
        self.writer = None


def mix_of(specification: Specification) -> OrderMix:
    """Raises InputFault."""
    mix = OrderMix(
        orders=specification.whole("orders", 100_000, 1, ORDERS_MAX),
        cancels=specification.whole("cancels", 240, 0, 1000),
        replaces=specification.whole("replaces", 120, 0, 1000),
        faults=specification.whole("faults", 10, 0, 1000),
        self_trades=specification.whole("self_trades", 4, 0, 1000),
    )
    if mix.cancels + mix.replaces + mix.faults + mix.self_trades > 1000:
        fact = f"{specification.kind}: cancels, replaces, faults and self_trades are more than 1,000 together"
        raise InputFault(f"{fact}\n    they are shares of 1,000 requests; leave some for other orders")
    return mix


def open_feed(specification: Specification, name: str) -> Source:
    """The source for `order_flow:seed=1,symbols=20,accounts=1000,orders=100000,date=2026-11-20`, or `order_flow:FILE`.
    Raises InputFault."""
    if specification.place:
        return stated_records(specification, name, ("OrderPlaced", "OrderReplaceRequested", "OrderCancelRequested"))
    specification.known(OPTIONS)
    plan = market_plan(specification)
    accounts = specification.whole("accounts", ACCOUNTS, 1, ACCOUNTS_MAX)
    date = specification.options.get("date", DATE).replace("-", "")
    return OrderFlow(name, plan, mix_of(specification), accounts, date)
