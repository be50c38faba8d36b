"""Refuse prices that would move the market far, until enough of them agree that it has moved.

Theory of operation. The reference is where the market is: the midpoint of the best bid and offer while these are near
each other, or the last regular sale, whichever came later. A bid far above it, an offer far below it, or a regular sale
far off on either side would move the market, and is refused. A quote far behind the market moves nothing, and is real
(stubs). When so many refused prices in a row are near each other, the market is there, and the reference follows.

Invariant: no product exceeds 64 bits, since prices are below 1e17 and moves are taken of prices divided by 10,000.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from schemas.generated.events import MarketDataReceived
from schemas.generated.states import NormaliseState

BPS: Final[i64] = 10_000
MAX_MOVE_BPS: Final[i64] = 5_000


class PriceFilter:
    """What is far: `max_move_bps` of the reference (0 is nothing); and how many prices in a row confirm a move."""

    def __init__(self, max_move_bps: i64, confirm_after: i64) -> None:
        if max_move_bps < 0 or max_move_bps > MAX_MOVE_BPS:
            raise ValueError(f"max_move_bps is {max_move_bps}; it lies between 0 and {MAX_MOVE_BPS}")
        self.max_move_bps: i64 = max_move_bps
        self.confirm_after: i64 = confirm_after

    def refuses_quote(self, state: NormaliseState, message: MarketDataReceived) -> bool:
        """True if a quote would move the market far, and nothing confirms it."""
        reference_e8 = state.reference_price_e8
        if reference_e8 == 0 or self.max_move_bps == 0:
            return False
        bid_e8 = message.bid_price_e8
        ask_e8 = message.ask_price_e8
        most_e8 = reference_e8 // BPS * self.max_move_bps
        if bid_e8 > reference_e8 + most_e8:
            return not self.confirms(state, bid_e8)
        if ask_e8 != 0 and ask_e8 < reference_e8 - most_e8:
            return not self.confirms(state, ask_e8)
        if state.far != 0 and (bid_e8 >= reference_e8 - most_e8 or 0 < ask_e8 <= reference_e8 + most_e8):
            state.far = 0
        return False

    def refuses_sale(self, state: NormaliseState, price_e8: i64) -> bool:
        """True if a sale is far from the market, and nothing confirms it."""
        reference_e8 = state.reference_price_e8
        if reference_e8 == 0 or self.max_move_bps == 0:
            return False
        most_e8 = reference_e8 // BPS * self.max_move_bps
        if reference_e8 - most_e8 <= price_e8 <= reference_e8 + most_e8:
            state.far = 0
            return False
        return not self.confirms(state, price_e8)

    def confirms(self, state: NormaliseState, price_e8: i64) -> bool:
        """Note a price far from the market. True if enough in a row agree: then the market is there."""
        most_e8 = state.far_price_e8 // BPS * self.max_move_bps
        near = state.far_price_e8 - most_e8 <= price_e8 <= state.far_price_e8 + most_e8
        state.far = state.far + 1 if near and state.far != 0 else 1
        state.far_price_e8 = price_e8
        if state.far < self.confirm_after:
            return False
        state.far = 0
        state.reference_price_e8 = price_e8
        return True

    def follow_quote(self, state: NormaliseState) -> None:
        """The best quote has changed: where bid and offer are near each other, the market is between them."""
        bid_e8 = state.bid_price_e8
        spread_e8 = state.ask_price_e8 - bid_e8
        if bid_e8 != 0 and 0 <= spread_e8 <= bid_e8 // BPS * self.max_move_bps:
            state.reference_price_e8 = bid_e8 + (spread_e8 >> 1)
