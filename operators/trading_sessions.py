"""Which session a time falls into: closed, pre-market, regular or post-market; and how long that lasts.

Stocks, funds and options: pre-market from 04:00, regular hours from 09:30 to 16:00 (13:00 on an early close),
post-market for four hours more; closed on other days. Futures: one regular session a trading day, from 18:00 of the
evening before to 17:00 (13:00 on an early close). All in New York.
What is between two sessions is closed. Where sessions go by trading status, every hour is regular here.

Spans end at midnight in New York at the latest, so that one span is in one trading day.
Source: NYSE Arca Rule 7.34-E(a) for the hours of stocks; CME Globex hours of equity index futures (general knowledge).
Holidays: generated_calendar.py, and those of the operator's parameters.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import END_OF_TIME
from operators.generated_calendar import (
    FIRST_DATE,
    FUTURES_CLOSED,
    FUTURES_EARLY_CLOSE,
    LAST_DATE,
)
from operators.tick_table import general_ticks
from operators.trading_hours import (
    DAY_S,
    EARLY_CLOSE_S,
    SECOND_NS,
    Calendar,
    TradingDay,
    date_of,
    day_number,
    local_day,
    midnight_s,
    offset_s,
    stock_calendar,
    trading_day,
    weekday,
)
from schemas.generated.states import (
    INSTRUMENT_TYPE_FUTURE,
    SESSION_PHASE_CLOSED,
    SESSION_PHASE_POST_MARKET,
    SESSION_PHASE_PRE_MARKET,
    SESSION_PHASE_REGULAR,
    ListedInstrument,
    SessionSpan,
)

PRE_MARKET_NS: Final[i64] = 19_800 * SECOND_NS
"""From 04:00 to 09:30."""
POST_MARKET_NS: Final[i64] = 14_400 * SECOND_NS
FUTURES_CLOSE_S: Final[i64] = 61_200
FUTURES_OPEN_S: Final[i64] = 64_800


class Sessions:
    """The calendars of stocks and futures. Holds nothing that changes."""

    def __init__(self, by_status: bool, further_closed: tuple[int, ...], further_early_close: tuple[int, ...]) -> None:
        self.by_status: bool = by_status
        """Every hour is regular: trading status alone opens and closes."""
        self.stocks = stock_calendar(further_closed, further_early_close)
        self.futures = Calendar((*FUTURES_CLOSED, *further_closed), (*FUTURES_EARLY_CLOSE, *further_early_close))
        self.first_ns: i64 = midnight_ns(FIRST_DATE)
        """The calendars hold from here on, until `end_ns`: nanoseconds since the epoch, UTC."""
        self.end_ns: i64 = midnight_ns(LAST_DATE) + DAY_S * SECOND_NS

    def span(self, time_ns: i64, instrument: ListedInstrument) -> SessionSpan:
        """The span that holds a time in [first_ns, end_ns), for this instrument."""
        if self.by_status:
            day = trading_day(time_ns, self.stocks)
            span = SessionSpan(SESSION_PHASE_REGULAR, day.start_ns, day.end_ns, day.start_ns, END_OF_TIME, END_OF_TIME)
        elif instrument.instrument_type == INSTRUMENT_TYPE_FUTURE:
            span = self.futures_span(time_ns)
        else:
            span = stocks_span(time_ns, trading_day(time_ns, self.stocks))
        ticks = instrument.own_ticks
        if len(ticks) == 0:
            ticks = general_ticks(instrument.instrument_type, date_of(local_day(time_ns // SECOND_NS)))
        span.ticks = ticks
        return span

    def futures_span(self, time_ns: i64) -> SessionSpan:
        day = local_day(time_ns // SECOND_NS)
        date = date_of(day)
        start_ns = midnight_s(day) * SECOND_NS
        evening_ns = local_ns(day, FUTURES_OPEN_S)
        if time_ns >= evening_ns:
            phase = SESSION_PHASE_REGULAR if self.has_futures(day + 1) else SESSION_PHASE_CLOSED
            return SessionSpan(phase, evening_ns, midnight_s(day + 1) * SECOND_NS, start_ns, evening_ns, evening_ns)
        close_ns = local_ns(day, EARLY_CLOSE_S if date in self.futures.early_close else FUTURES_CLOSE_S)
        if time_ns >= close_ns:
            return SessionSpan(SESSION_PHASE_CLOSED, close_ns, evening_ns, start_ns, start_ns, close_ns)
        phase = SESSION_PHASE_REGULAR if self.has_futures(day) else SESSION_PHASE_CLOSED
        return SessionSpan(phase, start_ns, close_ns, start_ns, start_ns, close_ns)

    def has_futures(self, day: i64) -> bool:
        """Whether futures have a session that ends on this day."""
        return 0 < weekday(day) < 6 and date_of(day) not in self.futures.closed


def stocks_span(time_ns: i64, day: TradingDay) -> SessionSpan:
    """The part of the trading day that holds the time."""
    span = SessionSpan(SESSION_PHASE_CLOSED, day.start_ns, day.end_ns, day.start_ns, day.open_ns, day.close_ns)
    if day.open_ns == day.close_ns:
        return span
    if time_ns < day.open_ns - PRE_MARKET_NS:
        span.end_ns = day.open_ns - PRE_MARKET_NS
    elif time_ns < day.open_ns:
        span.phase, span.start_ns, span.end_ns = SESSION_PHASE_PRE_MARKET, day.open_ns - PRE_MARKET_NS, day.open_ns
    elif time_ns < day.close_ns:
        span.phase, span.start_ns, span.end_ns = SESSION_PHASE_REGULAR, day.open_ns, day.close_ns
    elif time_ns < day.close_ns + POST_MARKET_NS:
        span.phase, span.start_ns, span.end_ns = SESSION_PHASE_POST_MARKET, day.close_ns, day.close_ns + POST_MARKET_NS
    else:
        span.start_ns = day.close_ns + POST_MARKET_NS
    return span


def local_ns(day: i64, second: i64) -> i64:
    """A local time of a day in New York: nanoseconds since the epoch, UTC."""
    return (day * DAY_S + second + offset_s(day, second)) * SECOND_NS


def midnight_ns(date: i64) -> i64:
    """Midnight in New York of a date YYYYMMDD: nanoseconds since the epoch, UTC."""
    return midnight_s(day_number(date // 10_000, date // 100 % 100, date % 100)) * SECOND_NS
