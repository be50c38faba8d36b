"""Keeps what one account holds, and what its positions and open orders require, up to date.

Theory of operation. An account's figures are sums over its symbols. A symbol keeps what it has added to each sum; when
anything about it changes, `revalue` takes that out, counts anew, and adds the new. So an order costs the same however
many symbols an account holds.

Open orders are pooled by side. Of the open sales of a symbol as many as are held close the position and need no margin;
the rest would open a short position. They are reserved for at their average price, rounded up, as if all filled;
likewise purchases. Purchases and sales are not set off against each other.

Invariant: reservations are not negative, and zero without open orders; every sum is the sum over its symbols.
Bound: holdings_max symbols (a parameter of risk); each at most UNITS_MAX units at less than PRICE_LIMIT_E8, so that no
sum comes near 38 digits.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.exact_amounts import amount_e8, portion
from operators.margin_rules import MarginRates
from schemas.generated.states import (
    ACCOUNT_KIND_CASH,
    INSTRUMENT_TYPE_FUTURE,
    SIDE_BUY,
    SIDE_SELL,
    RiskHolding,
    RiskOrder,
    RiskState,
)

PRICE_LIMIT_E8: Final[i64] = 100_000_000_000_000_000
"""A price is less than this."""
QUANTITY_MAX: Final[i64] = 1_000_000_000_000
MULTIPLIER_MAX: Final[i64] = 1_000_000
UNITS_MAX: Final[i64] = 1_000_000_000_000_000
"""Largest position, in units of the underlying."""
NOTIONAL_MAX_E8: Final[i64] = (1 << 62) - 1
"""Price times quantity times multiplier of an order or fill is at most this, and so fits 64 bits."""


def equity_e8(state: RiskState) -> int:
    """Cash and positions at their marks."""
    return state.cash_e8 + state.worth_e8


def buying_power_e8(state: RiskState) -> int:
    """Equity that nothing binds yet."""
    return state.cash_e8 + state.worth_e8 - state.initial_margin_e8 - state.reserved_e8


def fits(price_e8: i64, quantity: i64, multiplier: i64) -> bool:
    """Price, quantity and multiplier are in bounds, and so is their product."""
    if not (0 < quantity <= QUANTITY_MAX and 0 < multiplier <= MULTIPLIER_MAX and 0 <= price_e8 < PRICE_LIMIT_E8):
        return False
    return price_e8 == 0 or quantity * multiplier <= NOTIONAL_MAX_E8 // price_e8


def opening_quantity(holding: RiskHolding, side: i64) -> i64:
    """Of all open orders of a side, what would open a position rather than close one."""
    held: i64 = holding.quantity
    if side == SIDE_BUY:
        opens: i64 = holding.buy_quantity + held if held < 0 else holding.buy_quantity
    else:
        opens = holding.sell_quantity - held if held > 0 else holding.sell_quantity
    return max(opens, 0)


def enter(state: RiskState, holding: RiskHolding, order: RiskOrder) -> None:
    """Add an order to the pool of its side: what is open at most, at the higher price, while a replace is pending."""
    quantity: i64 = max(order.quantity, order.next_quantity) - order.filled_quantity
    price_e8: i64 = max(order.price_e8, order.next_price_e8)
    open_e8 = amount_e8(price_e8, quantity * holding.multiplier)
    order.open_quantity = quantity
    order.open_amount_e8 = open_e8
    if order.side == SIDE_BUY:
        holding.buy_quantity += quantity
        holding.buy_amount_e8 += open_e8
        state.open_purchases_e8 += open_e8
    else:
        holding.sell_quantity += quantity
        holding.sell_amount_e8 += open_e8
        state.open_sales_e8 += open_e8
        if order.located:
            holding.located_quantity += quantity
    holding.fees_reserved_e8 += order.fees_reserved_e8


def withdraw(state: RiskState, holding: RiskHolding, order: RiskOrder) -> None:
    """Take out of its pool what `enter` put in."""
    open_e8 = order.open_amount_e8
    if order.side == SIDE_BUY:
        holding.buy_quantity -= order.open_quantity
        holding.buy_amount_e8 -= open_e8
        state.open_purchases_e8 -= open_e8
    else:
        holding.sell_quantity -= order.open_quantity
        holding.sell_amount_e8 -= open_e8
        state.open_sales_e8 -= open_e8
        if order.located:
            holding.located_quantity -= order.open_quantity
    holding.fees_reserved_e8 -= order.fees_reserved_e8


def is_empty(holding: RiskHolding) -> bool:
    """Neither position nor open order."""
    return holding.quantity == 0 and holding.buy_quantity == 0 and holding.sell_quantity == 0


def revalue(state: RiskState, holding: RiskHolding, rates: MarginRates) -> None:
    """Count a symbol anew, and the sums with it."""
    if holding.quantity != 0 or not is_flat(holding):
        take_out(state, holding)
        value_position(state, holding, rates)
        add_in(state, holding)
    pays_in_full = state.account_kind == ACCOUNT_KIND_CASH
    reserved_e8 = holding.fees_reserved_e8
    if holding.buy_quantity > 0:
        reserved_e8 += reservation_e8(holding, SIDE_BUY, rates, pays_in_full)
    if holding.sell_quantity > 0:
        reserved_e8 += reservation_e8(holding, SIDE_SELL, rates, pays_in_full)
    state.reserved_e8 += reserved_e8 - holding.reserved_e8
    holding.reserved_e8 = reserved_e8
    up_e8 = holding.exposure_e8 + holding.buy_amount_e8
    down_e8 = holding.sell_amount_e8 - holding.exposure_e8
    gross_e8 = max(up_e8, down_e8)
    state.gross_exposure_e8 += gross_e8 - holding.gross_exposure_e8
    holding.gross_exposure_e8 = gross_e8


def is_flat(holding: RiskHolding) -> bool:
    """Nothing was held when the position was last valued."""
    return (
        holding.exposure_e8 == 0
        and holding.worth_e8 == 0
        and holding.initial_margin_e8 == 0
        and holding.maintenance_margin_e8 == 0
    )


def value_position(state: RiskState, holding: RiskHolding, rates: MarginRates) -> None:
    """Exposure, worth and margin of what is held."""
    held: i64 = holding.quantity
    if held == 0:
        holding.exposure_e8 = 0
        holding.worth_e8 = 0
        holding.initial_margin_e8 = 0
        holding.maintenance_margin_e8 = 0
        return
    units: i64 = held * holding.multiplier
    exposure_e8 = amount_e8(holding.mark_price_e8, units)
    holding.exposure_e8 = exposure_e8
    holding.worth_e8 = exposure_e8
    if holding.instrument_type == INSTRUMENT_TYPE_FUTURE:
        holding.worth_e8 = amount_e8(holding.mark_price_e8 - holding.settled_price_e8, units)
    elif state.account_kind == ACCOUNT_KIND_CASH and held > 0:
        holding.initial_margin_e8 = exposure_e8
        holding.maintenance_margin_e8 = 0
        return
    short = held < 0
    if short:
        held = -held
        exposure_e8 = -exposure_e8
    holding.initial_margin_e8 = rates.initial_e8(holding, held, exposure_e8, short)
    holding.maintenance_margin_e8 = rates.maintenance_e8(holding, held, exposure_e8, short)


def reservation_e8(holding: RiskHolding, side: i64, rates: MarginRates, pays_in_full: bool) -> int:
    """Margin of what the open orders of a side would open."""
    opening = opening_quantity(holding, side)
    if opening == 0:
        return 0
    opens: int = opening
    bought = side == SIDE_BUY
    opened_e8 = holding.buy_amount_e8 if bought else holding.sell_amount_e8
    quantity: int = holding.buy_quantity if bought else holding.sell_quantity
    if opens != quantity:
        opened_e8 = portion(opened_e8, opens, quantity)
    if pays_in_full and bought and holding.instrument_type != INSTRUMENT_TYPE_FUTURE:
        return opened_e8
    return rates.initial_e8(holding, opens, opened_e8, not bought)


def take_out(state: RiskState, holding: RiskHolding) -> None:
    """Take what the position adds out of the sums."""
    state.worth_e8 -= holding.worth_e8
    state.initial_margin_e8 -= holding.initial_margin_e8
    state.maintenance_margin_e8 -= holding.maintenance_margin_e8
    state.exposure_e8 -= holding.exposure_e8


def add_in(state: RiskState, holding: RiskHolding) -> None:
    """Put it back as it is now."""
    state.worth_e8 += holding.worth_e8
    state.initial_margin_e8 += holding.initial_margin_e8
    state.maintenance_margin_e8 += holding.maintenance_margin_e8
    state.exposure_e8 += holding.exposure_e8
