"""Takes the terms of an account, keeps its day, and its cash.

Theory of operation. Cash is what was told at the start of a day plus all that fills have moved since. Terms told for
a later day begin anew: cash is what they say plus what fills of that day have moved already. Terms told again for the
same day change cash by what they differ from the ones before, a deposit or a correction. Where nothing is told for a
new day, cash goes on from the day before.

Invariant: cash = cash told + sum of sales - purchases - fees since (for futures: + variation).
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.holdings import equity_e8
from operators.trading_hours import LATEST_NS, SECOND_NS, local_day, midnight_s
from schemas.generated.events import ACCOUNT_KIND_NONE, AccountChanged
from schemas.generated.states import (
    ACCOUNT_STANDING_INVALID,
    ACCOUNT_STANDING_KNOWN,
    ACCOUNT_STANDING_UNKNOWN,
    INSTRUMENT_TYPE_FUTURE,
    RiskState,
)

MONEY_MAX_E8: Final = 10**30
"""Largest figure of an account or fill, so that no sum comes near 38 digits."""


def is_usable(change: AccountChanged) -> bool:
    """Its figures are in bounds and its limits not negative."""
    if change.account_kind == ACCOUNT_KIND_NONE or not 0 <= change.event_time_ns < LATEST_NS:
        return False
    if not (-MONEY_MAX_E8 <= change.cash_e8 <= MONEY_MAX_E8 and -MONEY_MAX_E8 <= change.equity_e8 <= MONEY_MAX_E8):
        return False
    if min(change.position_max, change.concentration_bps_max, change.orders_per_second_max, change.open_orders_max) < 0:
        return False
    return (
        0 <= change.gross_exposure_max_e8 <= MONEY_MAX_E8
        and 0 <= change.net_exposure_max_e8 <= MONEY_MAX_E8
        and 0 <= change.order_notional_max_e8 <= MONEY_MAX_E8
        and 0 <= change.daily_loss_max_e8 <= MONEY_MAX_E8
    )


def take_terms(state: RiskState, change: AccountChanged) -> None:
    """Put terms in force; ones that make no sense make the account INVALID until better ones come."""
    if not is_usable(change):
        state.standing = ACCOUNT_STANDING_INVALID
        return
    begin_day(state, change.event_time_ns)
    if state.standing == ACCOUNT_STANDING_UNKNOWN:
        state.global_switch = max(state.global_switch, change.global_switch)
    state.standing = ACCOUNT_STANDING_KNOWN
    state.account_kind = change.account_kind
    state.status = change.status
    state.short_permitted = change.short_permitted
    state.options_permitted = change.options_permitted
    state.futures_permitted = change.futures_permitted
    state.position_max = change.position_max
    state.concentration_bps_max = change.concentration_bps_max
    state.gross_exposure_max_e8 = change.gross_exposure_max_e8
    state.net_exposure_max_e8 = change.net_exposure_max_e8
    state.order_notional_max_e8 = change.order_notional_max_e8
    state.daily_loss_max_e8 = change.daily_loss_max_e8
    state.orders_per_second_max = change.orders_per_second_max
    state.open_orders_max = change.open_orders_max
    take_cash(state, change)


def take_cash(state: RiskState, change: AccountChanged) -> None:
    """Cash and equity at the start of the day, as told."""
    day = local_day(change.event_time_ns // SECOND_NS)
    before_e8 = state.cash_e8
    if day == state.day and 0 <= state.told_day < day:
        settle_futures(state)
        state.cash_e8 = change.cash_e8 + state.day_flow_e8
    else:
        state.cash_e8 += change.cash_e8 - state.told_cash_e8
    state.told_cash_e8 = change.cash_e8
    state.told_day = max(state.told_day, day)
    if change.equity_e8 != 0 and day == state.day:
        state.day_equity_e8 = change.equity_e8
    else:
        state.day_equity_e8 += state.cash_e8 - before_e8


def settle_futures(state: RiskState) -> None:
    """Cash told for a new day holds the variation of the days before: from now on it counts from the present marks."""
    for holding in state.holdings.values():
        if holding.instrument_type == INSTRUMENT_TYPE_FUTURE:
            holding.settled_price_e8 = holding.mark_price_e8
            state.worth_e8 -= holding.worth_e8
            holding.worth_e8 = 0


def begin_day(state: RiskState, time_ns: i64) -> None:
    """Begin the day that holds a time, if that is later than the present one. Times out of range begin none."""
    if time_ns < state.day_end_ns or not 0 <= time_ns < LATEST_NS:
        return
    state.day = local_day(time_ns // SECOND_NS)
    state.day_end_ns = midnight_s(state.day + 1) * SECOND_NS
    state.day_flow_e8 = 0
    state.day_equity_e8 = equity_e8(state)
