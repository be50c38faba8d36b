"""Takes reference data, trading status and prices of a symbol into the state orders are held against.

Reference data that contradicts itself is kept and marked unsound: orders are refused until better comes. Whatever is
told for a time before the last of its kind comes too late to count.

Invariant: what stands in the state is in the ranges that the checks rely on (see order_shape).
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import END_OF_TIME
from operators.order_shape import PRICE_MAX_E8, QUANTITY_MAX
from operators.tick_table import TICK_ROWS_MAX, is_tick_table
from schemas.generated.events import (
    INSTRUMENT_ACTION_DELISTED,
    INSTRUMENT_TYPE_FUND,
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_OPTION,
    INSTRUMENT_TYPE_STOCK,
    OPTION_RIGHT_CALL,
    OPTION_RIGHT_PUT,
    TRADING_STATUS_HALTED,
    TRADING_STATUS_PAUSED,
    TRADING_STATUS_QUOTING,
    TRADING_STATUS_TRADING,
    InstrumentChanged,
    PriceUpdated,
    TradingStatusChanged,
)
from schemas.generated.states import ListedInstrument, SessionSpan, TickStep, ValidateState

MULTIPLIER_MAX: Final[i64] = 1_000_000
COLLAR_MAX_BPS: Final[i64] = 1_000_000
OPEN_ENDED_NS: Final[i64] = END_OF_TIME


class OrderLimits:
    """The operator's own limits; an instrument's may be lower."""

    def __init__(self, quantity_max: i64, notional_max_e8: int, orders_per_second_max: i64, expiry_max_ns: i64) -> None:
        self.quantity_max: i64 = quantity_max
        self.notional_max_e8: int = notional_max_e8
        self.orders_per_second_max: i64 = orders_per_second_max
        """Per account in the symbol; 0 is unlimited."""
        self.expiry_max_ns: i64 = expiry_max_ns
        """How far an expiry may lie ahead."""


def take_instrument(state: ValidateState, change: InstrumentChanged, limits: OrderLimits) -> bool:
    """Put the reference data in force; False if later data is already."""
    if state.instrument.known and change.event_time_ns < state.instrument.changed_ns:
        return False
    state.instrument = listed_instrument(change, limits)
    state.session = SessionSpan()
    return True


def listed_instrument(change: InstrumentChanged, limits: OrderLimits) -> ListedInstrument:
    listed = ListedInstrument(True, is_sound(change), change.event_time_ns, change.instrument_type)
    listed.listed_from_ns = change.listed_from_ns
    listed.listed_to_ns = change.listed_to_ns if change.listed_to_ns > 0 else OPEN_ENDED_NS
    if change.action == INSTRUMENT_ACTION_DELISTED:
        listed.listed_to_ns = min(listed.listed_to_ns, change.event_time_ns)
    listed.expiry_ns = change.expiry_ns if has_expiry(change) else OPEN_ENDED_NS
    listed.own_ticks = [TickStep(step.from_price_e8, step.tick_e8) for step in change.tick_table[:TICK_ROWS_MAX]]
    listed.order_multiple = change.order_multiple
    listed.multiplier = change.multiplier
    listed.quantity_max = lower_limit(limits.quantity_max, change.order_quantity_max)
    notional_e8: int = change.order_notional_max_e8  # up to 38 digits: compared before it becomes 64 bits
    if notional_e8 <= 0 or notional_e8 > limits.notional_max_e8:
        notional_e8 = limits.notional_max_e8
    listed.notional_max_e8 = notional_e8
    listed.collar_bps = change.collar_bps
    listed.previous_close_price_e8 = in_price_range(change.previous_close_price_e8)
    listed.underlying_price_e8 = in_price_range(change.underlying_price_e8)
    listed.strike_price_e8 = change.strike_price_e8
    listed.option_right = change.option_right
    listed.contract_margin_e8 = change.initial_margin_e8
    listed.shortable = change.shortable
    return listed


def has_expiry(change: InstrumentChanged) -> bool:
    return change.instrument_type in (INSTRUMENT_TYPE_OPTION, INSTRUMENT_TYPE_FUTURE)


def lower_limit(own: i64, theirs: i64) -> i64:
    """The lower of two limits; theirs may be 0, which is none."""
    return own if theirs == 0 else min(own, theirs)


def in_price_range(price_e8: i64) -> i64:
    """The price, or 0 if it is none."""
    if 0 < price_e8 <= PRICE_MAX_E8:
        return price_e8
    return 0


def is_sound(change: InstrumentChanged) -> bool:
    """The reference data says all that its kind of instrument needs, in the ranges that the checks rely on."""
    if not INSTRUMENT_TYPE_STOCK <= change.instrument_type <= INSTRUMENT_TYPE_FUTURE:
        return False
    if not 1 <= change.order_multiple <= QUANTITY_MAX or not 1 <= change.multiplier <= MULTIPLIER_MAX:
        return False
    if not 0 <= change.collar_bps <= COLLAR_MAX_BPS:
        return False
    if change.order_quantity_max < 0 or change.order_notional_max_e8 < 0 or change.listed_to_ns < 0:
        return False
    ticks = [TickStep(step.from_price_e8, step.tick_e8) for step in change.tick_table]
    if len(ticks) > 0 and not is_tick_table(ticks):
        return False
    return is_sound_kind(change)


def is_sound_kind(change: InstrumentChanged) -> bool:
    """Options and futures have an expiry, options strike and right, futures a margin; stocks have none of these."""
    if change.instrument_type in (INSTRUMENT_TYPE_STOCK, INSTRUMENT_TYPE_FUND):
        return change.multiplier == 1
    if change.expiry_ns <= 0 or change.underlying_symbol == "":
        return False
    if change.instrument_type == INSTRUMENT_TYPE_FUTURE:
        return 0 < change.initial_margin_e8 <= PRICE_MAX_E8
    has_right = change.option_right in (OPTION_RIGHT_CALL, OPTION_RIGHT_PUT)
    return has_right and 0 < change.strike_price_e8 <= PRICE_MAX_E8


def take_status(state: ValidateState, change: TradingStatusChanged) -> bool:
    """Put status, bands and short-sale test in force; False if later ones are already."""
    if change.event_time_ns < state.status_ns:
        return False
    state.status_ns = change.event_time_ns
    state.status = change.status
    state.status_reason = change.reason
    state.lower_band_e8 = in_price_range(change.lower_band_e8)
    state.upper_band_e8 = in_price_range(change.upper_band_e8)
    state.short_restricted = change.short_restricted
    return True


def take_price(state: ValidateState, update: PriceUpdated) -> None:
    """The market as normalise tells it, in the order in which it does."""
    state.bid_price_e8 = in_price_range(update.bid_price_e8)
    state.ask_price_e8 = in_price_range(update.ask_price_e8)
    state.last_price_e8 = in_price_range(update.last_price_e8)
    status = update.status
    if status == "TRADING":
        state.market_status = TRADING_STATUS_TRADING
    elif status == "HALTED":
        state.market_status = TRADING_STATUS_HALTED
    elif status == "PAUSED":
        state.market_status = TRADING_STATUS_PAUSED
    elif status == "QUOTING":
        state.market_status = TRADING_STATUS_QUOTING
    else:
        state.market_status = TRADING_STATUS_TRADING
