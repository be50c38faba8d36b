"""Turn the raw messages of several venues into the market in one symbol: best bid and offer, last sale, volume, status.

Theory of operation. Every message is either accepted, and one `PriceUpdated` tells the market after it, or rejected
whole, with its reason. A message passes the checks of `admission` (sender, day, order), then those of its kind; a
venue's quote comes from its quotes, or from the top of the book that its order messages build. The best quote over all
venues follows in `best_quote`. A market locked or crossed between venues is real, and flagged.

A quote replaces both sides of its venue: a side of zeros is no bid, or no offer. Lean's quote ticks are one-sided, and
not quotes of the venues they name. Taken as such (the other side untouched), the market is crossed after 98 % of the
575,589 IBM rows of 7 to 11 October 2013; taken as removal of the other side, no venue ever has two. All rows but one
stand in pairs, bid before offer, of the same millisecond and often of two venues; taken as sides of the
national best quote the market is crossed after 0.1 % of them, and 97 % of the regular sales lie inside it. So they are
that, and the reader sends them as two-sided quotes of one venue, the consolidated tape. Its quotes may be crossed,
since they are of two venues (`consolidated_feeds`).

Invariant: best bid and offer are what a look at all venues gives; cumulative volume is the sum of `trade_quantity` over
the trading day.
Bound: max_venues venues, max_orders orders a venue.
Source: sale conditions in `conditions`, days and hours in `trading_hours`; order messages as in LOBSTER's output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from dataflow.model import Context, KeyedOperator, Record
from operators.admission import Admission
from operators.best_quote import expire_quotes, set_ask, set_bid
from operators.conditions import (
    FLAG_CLOSING,
    FLAG_HIDDEN,
    FLAG_NOT_LAST,
    FLAG_OPENING,
    LAST_IF_FIRST,
    ODD_LOT,
    is_withdrawn,
    sale_flags,
)
from operators.message_checks import ACCEPTED, figures, order_fault, quote_fault, sale_fault, text_of
from operators.price_filter import PriceFilter
from operators.publication import REFUSED, TRADING, publish, record_sale, reject
from operators.trading_hours import stock_calendar
from operators.venue_book import add_order, best_price, best_quantity, delete_order, reduce_order
from schemas.generated.events import (
    MARKET_DATA_KIND_AUCTION,
    MARKET_DATA_KIND_HIDDEN_EXECUTED,
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
    MARKET_DATA_KIND_QUOTE,
    MARKET_DATA_KIND_STATUS,
    MARKET_DATA_KIND_TRADE,
    MARKET_DATA_REJECT_REASON_PRICE_FAR_FROM_MARKET,
    MARKET_DATA_REJECT_REASON_QUANTITY_TOO_LARGE,
    MARKET_DATA_REJECT_REASON_QUOTE_CROSSED,
    MARKET_DATA_REJECT_REASON_STATUS_UNKNOWN,
    PRICE_KIND_QUOTE,
    PRICE_KIND_STATUS,
    SIDE_BUY,
    MarketDataReceived,
)
from schemas.generated.states import NormaliseState, VenueBook

STATUSES: Final = ("TRADING", "HALTED", "PAUSED", "QUOTING")
MS_NS: Final[i64] = 1_000_000
VOLUME_LIMIT: Final[i64] = 1_000_000_000_000_000_000
"""A day's volume is less than this, so that its sum cannot wrap."""


@dataclass(frozen=True)
class NormaliseParameters:
    """Parameters of normalise."""

    max_venues: int = 32
    """Venues of one symbol."""
    max_orders: int = 100_000
    """Resting orders of one venue in one symbol."""
    stale_after_ms: int = 5_000
    """A message older than its venue's latest by more than this is rejected; 0 is never."""
    restart_after: int = 5
    """So many messages in a row, refused as stale or out of sequence but in order among themselves, are a new start of
    their venue; 0 is never."""
    quote_expires_ms: int = 0
    """A venue's quote that was not renewed for so long no longer counts; 0 is never."""
    max_move_bps: int = 1_000
    """A price further from the market than this is far from it; 0 is never, 5,000 the most."""
    confirm_move_after: int = 3
    """So many prices in a row that are far from the market but near each other are the market."""
    round_lot: int = 100
    """An execution told by an order message is an odd lot below this; sales tell by their condition."""
    emit_unchanged: bool = True
    """Tell the market after each accepted message; otherwise after those quotes and orders that change it."""
    consolidated_feeds: tuple[str, ...] = ("lean",)
    """Feeds whose quotes are of several venues together, so that they may be crossed."""
    closed_days: tuple[int, ...] = ()
    """Holidays, as numbers YYYYMMDD: no regular hours."""
    early_close_days: tuple[int, ...] = ()
    """Days whose regular hours end at 13:00 in New York, as numbers YYYYMMDD."""


class Normalise(KeyedOperator[NormaliseState]):
    """The market in one symbol. See the head of the file."""

    def __init__(self, parameters: NormaliseParameters) -> None:
        stale_ns = parameters.stale_after_ms * MS_NS
        calendar = stock_calendar(parameters.closed_days, parameters.early_close_days)
        self.admission: Admission = Admission(parameters.max_venues, stale_ns, parameters.restart_after, calendar)
        self.filter: PriceFilter = PriceFilter(parameters.max_move_bps, parameters.confirm_move_after)
        self.max_orders: i64 = parameters.max_orders
        self.expires_ns: i64 = parameters.quote_expires_ms * MS_NS
        self.round_lot: i64 = parameters.round_lot
        self.emit_unchanged: bool = parameters.emit_unchanged
        self.consolidated_feeds: tuple[str, ...] = parameters.consolidated_feeds

    def on_record(self, state: NormaliseState, record: Record, context: Context) -> None:
        assert isinstance(record, MarketDataReceived)
        number = self.admission.admit(state, record, context)
        if number == REFUSED:
            return
        kind = record.kind
        if kind == MARKET_DATA_KIND_QUOTE:
            self.on_quote(state, record, number, context)
        elif kind == MARKET_DATA_KIND_TRADE:
            self.on_sale(state, record, sale_flags(record.conditions, record.feed), context)
        elif kind == MARKET_DATA_KIND_HIDDEN_EXECUTED:
            self.on_sale(state, record, self.execution_flags(record) | FLAG_HIDDEN, context)
        elif kind == MARKET_DATA_KIND_AUCTION:
            self.on_sale(state, record, auction_flags(state, record), context)
        elif kind == MARKET_DATA_KIND_STATUS:
            self.on_status(state, record, context)
        else:
            self.on_order(state, record, number, context)

    def on_quote(self, state: NormaliseState, message: MarketDataReceived, number: i64, context: Context) -> None:
        """A venue's quote replaces its former one; with some conditions it takes it away."""
        if len(message.conditions) != 0 and is_withdrawn(message.conditions, message.feed):
            changed = self.expire(state, message.event_time_ns)
            changed = set_bid(state, number, 0, 0) or changed
            changed = set_ask(state, number, 0, 0) or changed
            self.tell_quote(state, message, changed, context)
            return
        reason = quote_fault(message)
        if reason == MARKET_DATA_REJECT_REASON_QUOTE_CROSSED and message.feed in self.consolidated_feeds:
            reason = ACCEPTED
        if reason != ACCEPTED:
            reject(message, reason, figures(message), context)
            return
        if self.filter.refuses_quote(state, message):
            reject_far(state, message, context)
            return
        changed = self.expire(state, message.event_time_ns)
        self.renew(state, message, number)
        changed = set_bid(state, number, message.bid_price_e8, message.bid_quantity) or changed
        changed = set_ask(state, number, message.ask_price_e8, message.ask_quantity) or changed
        self.tell_quote(state, message, changed, context)

    def on_order(self, state: NormaliseState, message: MarketDataReceived, number: i64, context: Context) -> None:
        """An order message changes the venue's book, whose top is the venue's quote; an execution is a sale too."""
        market = state.venues[number]
        book = market.book
        if book is None:
            book = VenueBook()
            market.book = book
        is_sale = message.kind == MARKET_DATA_KIND_ORDER_EXECUTED
        reason = order_fault(message)
        if reason == ACCEPTED and is_sale:
            reason = volume_fault(state, message)
        if reason == ACCEPTED:
            reason = self.change(state, book, message)
        if reason != ACCEPTED:
            reject(message, reason, figures(message), context)
            return
        changed = self.expire(state, message.event_time_ns)
        self.renew(state, message, number)
        changed = set_bid(state, number, best_price(book.bids), best_quantity(book.bids)) or changed
        changed = set_ask(state, number, best_price(book.asks), best_quantity(book.asks)) or changed
        if is_sale:
            record_sale(state, message, self.execution_flags(message), context)
        else:
            self.tell_quote(state, message, changed, context)

    def change(self, state: NormaliseState, book: VenueBook, message: MarketDataReceived) -> i64:
        """Change the book. A new order that could trade with the book at once is wrong while the market is trading;
        what a snapshot shows (order numbers below 0) is taken as it is. Returns ACCEPTED or the reject reason."""
        kind = message.kind
        if kind == MARKET_DATA_KIND_ORDER_ADDED:
            trading = len(state.status) == 0 or state.status == TRADING
            if trading and message.order_id >= 0 and crosses(book, message):
                return MARKET_DATA_REJECT_REASON_QUOTE_CROSSED
            return add_order(book, message, self.max_orders)
        if kind == MARKET_DATA_KIND_ORDER_DELETED:
            return delete_order(book, message)
        return reduce_order(book, message)

    def on_sale(self, state: NormaliseState, message: MarketDataReceived, flags: i64, context: Context) -> None:
        """A sale told by a trade report, an auction or a hidden execution. One that sets no last price may be far from
        the market, for it was agreed otherwise."""
        reason = sale_fault(message, flags)
        if reason == ACCEPTED:
            reason = volume_fault(state, message)
        if reason != ACCEPTED:
            reject(message, reason, figures(message), context)
            return
        if flags & (FLAG_NOT_LAST | LAST_IF_FIRST) == 0 and self.filter.refuses_sale(state, message.price_e8):
            reject_far(state, message, context)
            return
        self.expire(state, message.event_time_ns)
        record_sale(state, message, flags, context)

    def execution_flags(self, message: MarketDataReceived) -> i64:
        """Flags of an execution told by an order message: it has no conditions, so its size tells the odd lot."""
        flags = sale_flags(message.conditions, message.feed) if len(message.conditions) != 0 else 0
        return flags | ODD_LOT if message.quantity < self.round_lot else flags

    def on_status(self, state: NormaliseState, message: MarketDataReceived, context: Context) -> None:
        if message.status not in STATUSES:
            reject(message, MARKET_DATA_REJECT_REASON_STATUS_UNKNOWN, figures(message), context)
            return
        self.expire(state, message.event_time_ns)
        state.status = message.status
        publish(state, message, PRICE_KIND_STATUS, 0, context)

    def renew(self, state: NormaliseState, message: MarketDataReceived, number: i64) -> None:
        """Note when the venue quoted; where quotes expire, a late message may make the oldest one."""
        state.venues[number].quoted_ns = message.event_time_ns
        if self.expires_ns != 0:
            state.oldest_quote_ns = min(state.oldest_quote_ns, message.event_time_ns)

    def expire(self, state: NormaliseState, time_ns: i64) -> bool:
        """Take away the quotes that are too old to count. Returns True if there were any."""
        if self.expires_ns == 0 or time_ns - state.oldest_quote_ns <= self.expires_ns:
            return False
        return expire_quotes(state, time_ns - self.expires_ns, time_ns)

    def tell_quote(self, state: NormaliseState, message: MarketDataReceived, changed: bool, context: Context) -> None:
        if changed:
            self.filter.follow_quote(state)
        if changed or self.emit_unchanged or state.untold:
            publish(state, message, PRICE_KIND_QUOTE, 0, context)


def auction_flags(state: NormaliseState, message: MarketDataReceived) -> i64:
    """Flags of an auction's sale. Where no condition names it, it closes the day from the end of regular hours on, and
    opens it as the first sale of the day."""
    if len(message.conditions) != 0:
        return sale_flags(message.conditions, message.feed)
    if message.event_time_ns >= state.close_ns:
        return FLAG_CLOSING
    return 0 if state.sold_today else FLAG_OPENING


def crosses(book: VenueBook, message: MarketDataReceived) -> bool:
    """True if a new order lies beyond the best of the other side."""
    if message.side == SIDE_BUY:
        best_e8 = best_price(book.asks)
        return best_e8 != 0 and message.price_e8 > best_e8
    return message.price_e8 < best_price(book.bids)


def volume_fault(state: NormaliseState, message: MarketDataReceived) -> i64:
    """A day's volume stays within its bound."""
    if state.cumulative_volume < VOLUME_LIMIT - message.quantity:
        return ACCEPTED
    return MARKET_DATA_REJECT_REASON_QUANTITY_TOO_LARGE


def reject_far(state: NormaliseState, message: MarketDataReceived, context: Context) -> None:
    detail = f"{figures(message)}, market at {text_of(state.reference_price_e8)}"
    reject(message, MARKET_DATA_REJECT_REASON_PRICE_FAR_FROM_MARKET, detail, context)
