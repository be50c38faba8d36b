"""Carries the book through the trading day: opens, halts, reopens and closes it, and lets orders expire.

Theory of operation. The clock of a symbol is the latest event time it has seen, from records or timers. When it passes
the end of a phase, what that moment asks for is done before anything else; so the outcome does not depend on whether a
record or a timer came first. Timers are set for the phases of a day only once a record or timer has reached that day:
a symbol without traffic costs nothing. What a moment asks for bears the time of that moment, be it done by a timer or
by a record that came later. Phases: closed, pre-market, regular, post-market, closed.

| moment | what happens |
|---|---|
| pre-market opens | waiting orders that may work there work |
| 09:30, or trading begins later | waiting orders join the book, opening auction, then market orders still open trade |
| trading resumes | the same with a reopening auction |
| 16:00 (13:00 on early closes) | closing auction, unless halted; day orders and auction orders expire, others wait |
| post-market closes | day orders left expire, others wait |

With hours by status, TradingStatusChanged alone opens and closes: PRE_OPEN or CLOSED, then TRADING, is the opening;
CLOSED is the close. Source: phases and hours: NYSE Rule 7.34(a).
"""

from __future__ import annotations

from mypy_extensions import i64

from dataflow.model import Context
from operators.auction import hold_auction
from operators.execution_reports import Reports
from operators.matching import Matcher, rest
from operators.order_book import NO_PLACE, close_order, join, leave
from operators.session_hours import SessionHours, works_in
from operators.trading_hours import LATEST_NS
from schemas.generated.events import (
    AUCTION_KIND_CLOSING,
    AUCTION_KIND_OPENING,
    AUCTION_KIND_REOPENING,
    EXPIRY_REASON_AUCTION_UNMATCHED,
    EXPIRY_REASON_DATE_REACHED,
    EXPIRY_REASON_DAY_ENDED,
    SUSPEND_REASON_SESSION_NOT_OPEN,
)
from schemas.generated.states import (
    ORDER_QUEUE_KIND_ALL_OR_NONE,
    ORDER_QUEUE_KIND_BOOK,
    ORDER_QUEUE_KIND_CLOSING,
    ORDER_QUEUE_KIND_NONE,
    ORDER_QUEUE_KIND_OPENING,
    ORDER_QUEUE_KIND_STOP,
    ORDER_QUEUE_KIND_WAITING,
    ORDER_SESSION_PRE_MARKET,
    ORDER_SESSION_REGULAR,
    ORDER_STATE_SUSPENDED,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_STOP,
    ORDER_TYPE_STOP_LIMIT,
    SESSION_PHASE_CLOSED,
    SESSION_PHASE_POST_MARKET,
    SESSION_PHASE_PRE_MARKET,
    SESSION_PHASE_REGULAR,
    TIME_IN_FORCE_DAY,
    TRADING_STATUS_CLOSED,
    TRADING_STATUS_PRE_OPEN,
    TRADING_STATUS_TRADING,
    ExecutionState,
    OpenOrder,
    OrderQueue,
)


class Phases:
    """What happens to the orders as the day goes on."""

    def __init__(self, hours: SessionHours, matcher: Matcher) -> None:
        self.hours: SessionHours = hours
        self.matcher: Matcher = matcher
        self.reports: Reports = matcher.reports

    def advance(self, state: ExecutionState, time_ns: i64, context: Context) -> None:
        """Move the clock on and do all that has become due, in the order of time."""
        before_ns = state.clock_ns
        if not before_ns < time_ns < LATEST_NS:
            return
        state.clock_ns = time_ns
        if time_ns < state.boundary_ns and (len(state.expiries) == 0 or time_ns < state.expiries[-1].at_ns):
            return
        crossed = False
        own_time_ns = context.cause_time_ns
        while True:
            if len(state.expiries) > 0 and state.expiries[-1].at_ns <= min(time_ns, state.boundary_ns):
                context.cause_time_ns = max(before_ns, state.expiries[-1].at_ns)
                order = state.orders[state.expiries[-1].place]
                self.expire(state, order, EXPIRY_REASON_DATE_REACHED, context)
            elif state.boundary_ns <= time_ns:
                context.cause_time_ns = max(before_ns, state.boundary_ns)
                before = state.phase
                self.hours.next_phase(state)
                self.enter_phase(state, before, context)
                crossed = True
            else:
                break
        context.cause_time_ns = own_time_ns
        if crossed and state.boundary_ns < state.day_end_ns:
            context.set_timer(state.boundary_ns)
        if len(state.expiries) > 0:
            context.set_timer(state.expiries[-1].at_ns)

    def enter_phase(self, state: ExecutionState, before: i64, context: Context) -> None:
        trading = state.status == TRADING_STATUS_TRADING
        if state.phase == SESSION_PHASE_PRE_MARKET:
            if trading:
                self.resume(state, context)
        elif state.phase == SESSION_PHASE_REGULAR:
            if trading:
                self.open_market(state, AUCTION_KIND_OPENING, context)
        elif state.phase == SESSION_PHASE_POST_MARKET:
            if trading:
                hold_auction(state, self.matcher, AUCTION_KIND_CLOSING, context)
            self.end_session(state, context)
        elif before == SESSION_PHASE_POST_MARKET:
            self.end_session(state, context)

    def change_status(self, state: ExecutionState, status: i64, context: Context) -> None:
        """Take a new trading status; on TRADING hold the auction that is due."""
        before = state.status
        state.status = status
        if before == status:
            return
        if self.hours.by_status and status in (TRADING_STATUS_CLOSED, TRADING_STATUS_PRE_OPEN):
            state.opened = False
        if status == TRADING_STATUS_TRADING:
            if state.phase != SESSION_PHASE_CLOSED:
                opening = state.phase == SESSION_PHASE_REGULAR and not state.opened
                self.open_market(state, AUCTION_KIND_OPENING if opening else AUCTION_KIND_REOPENING, context)
        elif status == TRADING_STATUS_CLOSED and self.hours.by_status:
            if before == TRADING_STATUS_TRADING:
                hold_auction(state, self.matcher, AUCTION_KIND_CLOSING, context)
            self.expire_day(state, True, context)

    def open_market(self, state: ExecutionState, kind: i64, context: Context) -> None:
        """Orders that waited join the book, then the auction; market orders still open trade afterwards."""
        self.release(state, False, context)
        hold_auction(state, self.matcher, kind, context)
        if kind == AUCTION_KIND_OPENING:
            state.opened = True
            self.expire_queue(state, state.opening, context)
        self.resume(state, context)

    def resume(self, state: ExecutionState, context: Context) -> None:
        """Continuous trading begins: orders that still wait for it work, then all that this sets off."""
        self.release(state, True, context)
        if self.matcher.uses_quotes:
            self.matcher.fill_at_quotes(state, context)
        self.matcher.settle(state, context)

    def release(self, state: ExecutionState, at_work: bool, context: Context) -> None:
        """Let waiting orders go that may work in this phase: `at_work` into trading, else into the book, all but
        market orders."""
        place = state.waiting.first
        while place != NO_PLACE:
            order = state.orders[place]
            place = order.next
            if not works_in(order.session, state.phase) or (not at_work and order.order_type == ORDER_TYPE_MARKET):
                continue
            leave(state, order)
            if order.order_type in (ORDER_TYPE_STOP, ORDER_TYPE_STOP_LIMIT):
                join(state, order, ORDER_QUEUE_KIND_STOP)
                continue
            if order.state == ORDER_STATE_SUSPENDED:
                self.reports.accepted(state, order, context)
            if at_work:
                self.matcher.work(state, order, context)
            elif order.all_or_none:
                join(state, order, ORDER_QUEUE_KIND_ALL_OR_NONE)
            else:
                rest(state, order)

    def end_session(self, state: ExecutionState, context: Context) -> None:
        """Day orders whose sessions are over expire; others that may not work in the new phase wait."""
        self.expire_day(state, state.phase == SESSION_PHASE_CLOSED, context)
        for order in open_orders(state):
            stands = order.queue in (ORDER_QUEUE_KIND_BOOK, ORDER_QUEUE_KIND_ALL_OR_NONE, ORDER_QUEUE_KIND_STOP)
            if stands and not works_in(order.session, state.phase):
                leave(state, order)
                if order.state != ORDER_STATE_SUSPENDED:
                    self.reports.suspended(order, SUSPEND_REASON_SESSION_NOT_OPEN, context)
                join(state, order, ORDER_QUEUE_KIND_WAITING)

    def expire_day(self, state: ExecutionState, whole_day: bool, context: Context) -> None:
        """Orders for today's auctions expire, and day orders: those for regular hours, or those of the `whole_day`."""
        for order in open_orders(state):
            regular = order.session in (ORDER_SESSION_REGULAR, ORDER_SESSION_PRE_MARKET)
            if order.queue in (ORDER_QUEUE_KIND_OPENING, ORDER_QUEUE_KIND_CLOSING):
                self.expire(state, order, EXPIRY_REASON_AUCTION_UNMATCHED, context)
            elif order.time_in_force == TIME_IN_FORCE_DAY and (whole_day or regular):
                self.expire(state, order, EXPIRY_REASON_DAY_ENDED, context)

    def expire_queue(self, state: ExecutionState, queue: OrderQueue, context: Context) -> None:
        while queue.first != NO_PLACE:
            self.expire(state, state.orders[queue.first], EXPIRY_REASON_AUCTION_UNMATCHED, context)

    def expire(self, state: ExecutionState, order: OpenOrder, reason: i64, context: Context) -> None:
        if order.queue != ORDER_QUEUE_KIND_NONE:
            leave(state, order)
        self.reports.expired(order, reason, context)
        close_order(state, order, self.matcher.ended_orders_max)


def open_orders(state: ExecutionState) -> list[OpenOrder]:
    """All open orders, in the order in which they were accepted."""
    numbered = sorted([(order.venue_order_id, order.place) for order in state.orders if order.venue_order_id > 0])
    return [state.orders[place] for _, place in numbered]
