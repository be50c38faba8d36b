"""Writes the orders of the simulated flow: who, which side, how many, at which price, and under which terms.

An order follows from its group and its place in it; asked again later it is the same. Prices are near the best bid and
offer of the moment and on ticks, times in force go with type and session, sales are marked: a flow without faults is
one that a broker would send.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import derive_id
from jobs.feeds.listing import is_restricted
from jobs.feeds.market_day import PHASE_AFTER, PHASE_BEFORE
from jobs.feeds.request_group import GROUP, ROLE_NEAR, ROLE_TAKE, RequestGroup
from jobs.feeds.traders import CLASS_MAKER, Traders, account_name, quantity_of
from schemas.generated.events import (
    ORDER_SESSION_ALL_DAY,
    ORDER_SESSION_POST_MARKET,
    ORDER_SESSION_PRE_MARKET,
    ORDER_SESSION_REGULAR,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_STOP,
    ORDER_TYPE_STOP_LIMIT,
    SALE_MARKING_LONG,
    SALE_MARKING_SHORT,
    SALE_MARKING_SHORT_EXEMPT,
    SELF_TRADE_PREVENTION_CANCEL_BOTH,
    SELF_TRADE_PREVENTION_CANCEL_NEWEST,
    SELF_TRADE_PREVENTION_CANCEL_OLDEST,
    SELF_TRADE_PREVENTION_DECREMENT,
    SELF_TRADE_PREVENTION_NONE,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_AT_THE_CLOSE,
    TIME_IN_FORCE_AT_THE_OPEN,
    TIME_IN_FORCE_DAY,
    TIME_IN_FORCE_FILL_OR_KILL,
    TIME_IN_FORCE_GOOD_TILL_CANCELLED,
    TIME_IN_FORCE_GOOD_TILL_DATE,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    OrderPlaced,
)

DAY_NS: Final[i64] = 86_400_000_000_000
ACCOUNT_SALT: Final = 1
STYLE_SALT: Final = 2
BEHIND_TICKS: Final[tuple[int, ...]] = (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 4)
"""How far behind the best price of its side an order near the market is."""
SALES_OF_MAKERS: Final[i64] = 8
SALES_OF_OTHERS: Final[i64] = 10
"""Of sixteen opening orders so many are short sales, where the account may make them."""
PREVENTIONS: Final[tuple[int, ...]] = (
    *(SELF_TRADE_PREVENTION_NONE,) * 12,
    SELF_TRADE_PREVENTION_CANCEL_NEWEST,
    SELF_TRADE_PREVENTION_CANCEL_OLDEST,
    SELF_TRADE_PREVENTION_CANCEL_BOTH,
    SELF_TRADE_PREVENTION_DECREMENT,
)
"""What accounts want against trading with themselves."""
STOPS: Final[i64] = 20
CLOSES: Final[i64] = 28
"""Of 128 orders away from the market those below STOPS are stops, those below CLOSES for the closing auction."""
TAKING_MARKET: Final[i64] = 11
"""So many of the 32 kinds below are market orders, the others limit orders."""
TAKING_TIMES: Final[tuple[int, ...]] = (
    *(TIME_IN_FORCE_FILL_OR_KILL,),
    *(TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,) * 2,
    *(TIME_IN_FORCE_DAY,) * 8,
    *(TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,) * 11,
    *(TIME_IN_FORCE_FILL_OR_KILL,) * 2,
    *(TIME_IN_FORCE_DAY,) * 8,
)
"""Times in force of orders that are to trade at once in regular hours, equally often."""


class OrderWriter:
    """Writes orders of groups. `date` is what order ids begin with: YYYYMMDD."""

    def __init__(self, traders: Traders, date: str) -> None:
        self.traders: Traders = traders
        self.prefix: str = date + "-"

    def order_id(self, group: RequestGroup, place: i64) -> str:
        return self.prefix + str(group.number * GROUP + place + 1)

    def order(self, group: RequestGroup, place: i64) -> OrderPlaced:
        """The order that opens something: of a part to rest or to take."""
        draw: i64 = group.draws[place]
        chosen = derive_id(draw, ACCOUNT_SALT)
        traders = self.traders
        number = traders.active(chosen)
        trader_class = traders.class_of(number)
        order = OrderPlaced(group.request_ns(place, draw >> 22), group.instrument.symbol, account_name(number))
        order.order_id = self.order_id(group, place)
        order.self_trade_prevention = PREVENTIONS[chosen >> 52 & 15]
        self.choose_side(order, group, number, chosen >> 56 & 15)
        style = derive_id(draw, STYLE_SALT)
        order.quantity = quantity_of(trader_class, style, group.ask_e8)
        role: i64 = group.roles[place]
        if role == ROLE_TAKE:
            take(order, group, style >> 4)
        elif trader_class == CLASS_MAKER:
            make(order, group, role, style >> 4)
        elif role == ROLE_NEAR:
            rest(order, group, near_e8(order.side, group, style >> 11), style >> 4)
        elif group.is_regular() and style >> 4 & 127 < STOPS:
            stop(order, group, style >> 11)
        elif group.is_regular() and style >> 4 & 127 < CLOSES and group.takes_closing(order.event_time_ns):
            rest(order, group, far_e8(order.side, group, style >> 11), 64)
            order.time_in_force = TIME_IN_FORCE_AT_THE_CLOSE
            order.session = ORDER_SESSION_REGULAR
            if style >> 4 & 1 == 0:
                order.order_type = ORDER_TYPE_MARKET
                order.limit_price_e8 = 0
        else:
            rest(order, group, far_e8(order.side, group, style >> 11), style >> 20)
        return order

    def choose_side(self, order: OrderPlaced, group: RequestGroup, number: i64, draw: i64) -> None:
        """A purchase, or a short sale where the account may make one; `draw` has four random bits."""
        order.side = SIDE_BUY
        maker = self.traders.class_of(number) == CLASS_MAKER
        if draw >= (SALES_OF_MAKERS if maker else SALES_OF_OTHERS) or not self.traders.can_sell_short(
            number, group.rank
        ):
            return
        if not is_restricted(group.rank):
            order.side = SIDE_SELL
            order.marking = SALE_MARKING_SHORT
        elif maker:
            order.side = SIDE_SELL
            order.marking = SALE_MARKING_SHORT_EXEMPT

    def closing_order(self, group: RequestGroup, place: i64, opened: OrderPlaced) -> OrderPlaced:
        """The order that closes what an earlier one opened, if that was filled."""
        draw: i64 = group.draws[place]
        style = derive_id(draw, STYLE_SALT)
        order = OrderPlaced(group.request_ns(place, draw >> 22), opened.symbol, opened.account)
        order.order_id = self.order_id(group, place)
        order.quantity = opened.quantity
        order.side = SIDE_BUY
        if opened.side == SIDE_BUY:
            order.side = SIDE_SELL
            order.marking = SALE_MARKING_LONG
        if style & 3 != 0:
            take(order, group, style >> 4)
        elif style & 12 == 0 and group.is_regular():
            stop(order, group, style >> 4)
        else:
            rest(order, group, near_e8(order.side, group, style >> 11), style >> 4)
        return order


def marketable_e8(side: i64, group: RequestGroup, draw: i64) -> i64:
    """A limit price at which an order trades with the other side: there, or up to a spread beyond."""
    tick = group.instrument.tick_e8
    through = (group.ask_e8 - group.bid_e8) * (draw & 3) // (3 * tick) * tick
    return group.ask_e8 + through if side == SIDE_BUY else max(group.bid_e8 - through, tick)


def near_e8(side: i64, group: RequestGroup, draw: i64) -> i64:
    """A limit price at which an order waits and trades soon: the best of its side, or some ticks behind."""
    tick = group.instrument.tick_e8
    behind = BEHIND_TICKS[draw & 15] * tick
    return max(group.bid_e8 - behind, tick) if side == SIDE_BUY else group.ask_e8 + behind


def far_e8(side: i64, group: RequestGroup, draw: i64) -> i64:
    """A limit price away from the market, 0.2 to 3 percent."""
    bps = 20 + (draw & 127)
    if draw >> 7 & 3 == 0:
        bps += 20 + (draw >> 9 & 127)
    tick = group.instrument.tick_e8
    return away_e8(group.bid_e8, -bps, tick) if side == SIDE_BUY else away_e8(group.ask_e8, bps, tick)


def away_e8(price_e8: i64, bps: i64, tick_e8: i64) -> i64:
    """So many basis points from a price, negative ones below it, on a tick."""
    moved = price_e8 + price_e8 // 10_000 * bps
    return max(moved // tick_e8, 1) * tick_e8


def take(order: OrderPlaced, group: RequestGroup, draw: i64) -> None:
    """Terms of an order that is to trade at once, or when the market next opens."""
    order.order_type = ORDER_TYPE_LIMIT
    order.time_in_force = TIME_IN_FORCE_DAY
    kind = draw & 31
    if group.phase == PHASE_BEFORE:
        take_before_opening(order, group, kind)
    elif group.phase == PHASE_AFTER:
        order.session = ORDER_SESSION_POST_MARKET if kind & 4 == 0 else ORDER_SESSION_ALL_DAY
        if kind < 12:
            order.time_in_force = TIME_IN_FORCE_IMMEDIATE_OR_CANCEL
    else:
        order.time_in_force = TAKING_TIMES[kind]
        if kind < TAKING_MARKET:
            order.order_type = ORDER_TYPE_MARKET
    if order.order_type == ORDER_TYPE_LIMIT:
        order.limit_price_e8 = marketable_e8(order.side, group, draw >> 5)


def take_before_opening(order: OrderPlaced, group: RequestGroup, kind: i64) -> None:
    """For the opening auction mostly, else for the pre-market, or to wait for the opening."""
    if kind < 16 and group.takes_opening(order.event_time_ns):
        order.time_in_force = TIME_IN_FORCE_AT_THE_OPEN
    elif kind < 24 or kind & 1 == 0:
        order.session = ORDER_SESSION_PRE_MARKET if kind & 4 == 0 else ORDER_SESSION_ALL_DAY
        return
    if kind & 3 == 0:
        order.order_type = ORDER_TYPE_MARKET


def make(order: OrderPlaced, group: RequestGroup, role: i64, draw: i64) -> None:
    """Terms of a market maker's quote."""
    order.order_type = ORDER_TYPE_LIMIT
    order.time_in_force = TIME_IN_FORCE_DAY
    order.self_trade_prevention = SELF_TRADE_PREVENTION_CANCEL_OLDEST
    order.post_only = draw & 3 != 0
    if role == ROLE_NEAR:
        order.limit_price_e8 = near_e8(order.side, group, draw >> 2)
    else:
        order.limit_price_e8 = far_e8(order.side, group, draw >> 2)
    outside_hours(order, group, draw >> 20)


def rest(order: OrderPlaced, group: RequestGroup, limit_price_e8: i64, draw: i64) -> None:
    """Terms of a limit order that waits."""
    kind = draw & 127
    order.order_type = ORDER_TYPE_LIMIT
    order.time_in_force = TIME_IN_FORCE_DAY
    order.limit_price_e8 = limit_price_e8
    if kind < 32:
        outside_hours(order, group, draw >> 30)
        order.display_quantity = (order.quantity + 3) // 4 if kind < 8 else 0
        order.all_or_none = 8 <= kind < 14
        order.post_only = 14 <= kind < 24
    elif kind < 44:
        order.time_in_force = TIME_IN_FORCE_GOOD_TILL_CANCELLED
    elif kind < 50:
        order.time_in_force = TIME_IN_FORCE_GOOD_TILL_DATE
        order.expire_time_ns = order.event_time_ns + (1 + (draw >> 36 & 15)) * DAY_NS // 2
    else:
        outside_hours(order, group, draw >> 30)


def outside_hours(order: OrderPlaced, group: RequestGroup, draw: i64) -> None:
    """Let an order work outside regular hours, if it comes then; few do otherwise."""
    if group.phase == PHASE_AFTER:
        order.session = ORDER_SESSION_POST_MARKET if draw & 1 == 0 else ORDER_SESSION_ALL_DAY
    elif group.phase == PHASE_BEFORE:
        if draw & 1 == 0:
            order.session = ORDER_SESSION_PRE_MARKET
    elif draw & 31 == 0:
        order.session = ORDER_SESSION_ALL_DAY


def stop(order: OrderPlaced, group: RequestGroup, draw: i64) -> None:
    """Terms of a stop, or of a stop limit order: not within what the market moves while one looks away."""
    tick = group.instrument.tick_e8
    bps = group.jump_bps() + (draw & 0xFF) + (draw >> 8 & 31)
    order.order_type = ORDER_TYPE_STOP
    order.time_in_force = TIME_IN_FORCE_DAY if draw >> 13 & 3 != 0 else TIME_IN_FORCE_GOOD_TILL_CANCELLED
    if order.side == SIDE_BUY:
        order.stop_price_e8 = away_e8(group.ask_e8, bps, tick)
    else:
        order.stop_price_e8 = away_e8(group.bid_e8, -bps, tick)
    if draw >> 15 & 1 == 0:
        order.order_type = ORDER_TYPE_STOP_LIMIT
        room = (1 + (draw >> 16 & 7)) * tick
        if order.side == SIDE_BUY:
            order.limit_price_e8 = order.stop_price_e8 + room
        else:
            order.limit_price_e8 = max(order.stop_price_e8 - room, tick)
