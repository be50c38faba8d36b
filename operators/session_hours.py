"""Tells which part of the trading day it is, and in which parts an order may work.

| order's session | pre-market | regular | post-market |
|---|---|---|---|
| REGULAR | | yes | |
| PRE_MARKET | yes | yes | |
| POST_MARKET | | yes | yes |
| ALL_DAY | yes | yes | yes |

Pre-market begins at 04:00, post-market lasts four hours (to 20:00, to 17:00 after an early close).
Source: NYSE Rule 7.34(a).
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import END_OF_TIME
from operators.trading_hours import Calendar, trading_day
from schemas.generated.states import (
    ORDER_SESSION_ALL_DAY,
    ORDER_SESSION_POST_MARKET,
    ORDER_SESSION_PRE_MARKET,
    SESSION_PHASE_CLOSED,
    SESSION_PHASE_POST_MARKET,
    SESSION_PHASE_PRE_MARKET,
    SESSION_PHASE_REGULAR,
    ExecutionState,
)

MINUTE_NS: Final[i64] = 60_000_000_000
PRE_MARKET_NS: Final[i64] = 330 * MINUTE_NS
POST_MARKET_NS: Final[i64] = 240 * MINUTE_NS


def works_in(session: i64, phase: i64) -> bool:
    """Whether an order of this session may work in a phase."""
    if phase == SESSION_PHASE_REGULAR:
        return True
    if phase == SESSION_PHASE_PRE_MARKET:
        return session in (ORDER_SESSION_PRE_MARKET, ORDER_SESSION_ALL_DAY)
    if phase == SESSION_PHASE_POST_MARKET:
        return session in (ORDER_SESSION_POST_MARKET, ORDER_SESSION_ALL_DAY)
    return False


class SessionHours:
    """When the phases of a day begin and end: by calendar, or all regular where the trading status says it."""

    def __init__(self, by_status: bool, calendar: Calendar) -> None:
        self.by_status: bool = by_status
        self.calendar: Calendar = calendar

    def begin_day(self, state: ExecutionState) -> None:
        """Go to the start of the trading day that holds the clock."""
        if self.by_status:
            state.phase = SESSION_PHASE_REGULAR
            state.boundary_ns = END_OF_TIME
            return
        day = trading_day(state.clock_ns, self.calendar)
        state.phase = SESSION_PHASE_CLOSED
        state.opened = False
        state.open_ns = day.open_ns
        state.close_ns = day.close_ns
        state.day_end_ns = day.end_ns
        state.boundary_ns = day.end_ns if day.open_ns == day.close_ns else day.open_ns - PRE_MARKET_NS

    def next_phase(self, state: ExecutionState) -> None:
        """Move on to the phase that begins where the present one ends."""
        if state.phase == SESSION_PHASE_PRE_MARKET:
            state.phase = SESSION_PHASE_REGULAR
            state.boundary_ns = state.close_ns
        elif state.phase == SESSION_PHASE_REGULAR:
            state.phase = SESSION_PHASE_POST_MARKET
            state.boundary_ns = state.close_ns + POST_MARKET_NS
        elif state.phase == SESSION_PHASE_POST_MARKET:
            state.phase = SESSION_PHASE_CLOSED
            state.boundary_ns = state.day_end_ns
        elif state.boundary_ns >= state.day_end_ns:
            self.begin_day(state)
        else:
            state.phase = SESSION_PHASE_PRE_MARKET
            state.boundary_ns = state.open_ns
