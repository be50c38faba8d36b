"""Keep the best bid and offer over all venues of a symbol, without looking at all of them each time.

Invariant: best price, quantity and first venue are those that a look at all venues would give (`bid_number` is the
least index among the venues at the best price). A price of 0 is none.
Bound: a message costs a scan of the venues only when a venue leaves the best price.
"""

from __future__ import annotations

from mypy_extensions import i64

from schemas.generated.states import NormaliseState, VenueMarket


def set_bid(state: NormaliseState, number: i64, price_e8: i64, quantity: i64) -> bool:
    """Take a venue's new bid. Returns True if the best bid changed in price, quantity or venue."""
    market = state.venues[number]
    before_e8 = market.bid_price_e8
    quantity_before = market.bid_quantity
    market.bid_price_e8 = price_e8
    market.bid_quantity = quantity
    best_e8 = state.bid_price_e8
    if price_e8 < best_e8 or price_e8 == 0:
        if before_e8 != best_e8 or best_e8 == 0:
            return False
        find_best_bid(state)
        return True
    if price_e8 > best_e8:
        state.bid_price_e8 = price_e8
        state.bid_quantity = quantity
        state.bid_number = number
        state.bid_venue = market.venue
        return True
    if before_e8 == best_e8:
        changed = quantity != quantity_before
        state.bid_quantity += quantity - quantity_before
    else:
        changed = True
        state.bid_quantity += quantity
    if number < state.bid_number:
        state.bid_number = number
        state.bid_venue = market.venue
        changed = True
    return changed


def set_ask(state: NormaliseState, number: i64, price_e8: i64, quantity: i64) -> bool:
    """Take a venue's new offer. Returns True if the best offer changed in price, quantity or venue."""
    market = state.venues[number]
    before_e8 = market.ask_price_e8
    quantity_before = market.ask_quantity
    market.ask_price_e8 = price_e8
    market.ask_quantity = quantity
    best_e8 = state.ask_price_e8
    if price_e8 == 0 or (best_e8 != 0 and price_e8 > best_e8):
        if before_e8 != best_e8 or best_e8 == 0:
            return False
        find_best_ask(state)
        return True
    if best_e8 == 0 or price_e8 < best_e8:
        state.ask_price_e8 = price_e8
        state.ask_quantity = quantity
        state.ask_number = number
        state.ask_venue = market.venue
        return True
    if before_e8 == best_e8:
        changed = quantity != quantity_before
        state.ask_quantity += quantity - quantity_before
    else:
        changed = True
        state.ask_quantity += quantity
    if number < state.ask_number:
        state.ask_number = number
        state.ask_venue = market.venue
        changed = True
    return changed


def find_best_bid(state: NormaliseState) -> None:
    """Look at all venues for the best bid."""
    best_e8: i64 = 0
    quantity: i64 = 0
    first: i64 = 0
    venue = ""
    for number, market in enumerate(state.venues):
        price_e8 = market.bid_price_e8
        if price_e8 > best_e8:
            best_e8 = price_e8
            quantity = market.bid_quantity
            first = number
            venue = market.venue
        elif price_e8 == best_e8 and price_e8 != 0:
            quantity += market.bid_quantity
    state.bid_price_e8 = best_e8
    state.bid_quantity = quantity
    state.bid_number = first
    state.bid_venue = venue


def find_best_ask(state: NormaliseState) -> None:
    """Look at all venues for the best offer."""
    best_e8: i64 = 0
    quantity: i64 = 0
    first: i64 = 0
    venue = ""
    for number, market in enumerate(state.venues):
        price_e8 = market.ask_price_e8
        if price_e8 != 0:
            if best_e8 == 0 or price_e8 < best_e8:
                best_e8 = price_e8
                quantity = market.ask_quantity
                first = number
                venue = market.venue
            elif price_e8 == best_e8:
                quantity += market.ask_quantity
    state.ask_price_e8 = best_e8
    state.ask_quantity = quantity
    state.ask_number = first
    state.ask_venue = venue


def clear_quote(market: VenueMarket) -> None:
    """Take a venue's quote away; the caller looks for the best anew."""
    market.bid_price_e8 = 0
    market.bid_quantity = 0
    market.ask_price_e8 = 0
    market.ask_quantity = 0


def expire_quotes(state: NormaliseState, before_ns: i64, now_ns: i64) -> bool:
    """Take away the quotes that are older than `before_ns`. Returns True if there were any."""
    oldest_ns = now_ns
    found = False
    for market in state.venues:
        if market.bid_price_e8 != 0 or market.ask_price_e8 != 0:
            if market.quoted_ns < before_ns:
                clear_quote(market)
                found = True
            else:
                oldest_ns = min(oldest_ns, market.quoted_ns)
    state.oldest_quote_ns = oldest_ns
    if found:
        find_best_bid(state)
        find_best_ask(state)
    return found
