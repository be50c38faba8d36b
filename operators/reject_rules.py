"""The reasons for which validate refuses an order, a replace or a cancel, in the order in which they are looked for.

One table: reason, what it says, and what its `figure` counts (then `limit` is what that was held against); empty where
the rule has no figure. docs/reject-reasons.md is drawn from it (`reject_reasons_page`).

Invariant: validate gives no reason that is not here. QUANTITY_ABOVE_LIMIT, MARKING_NOT_ALLOWED and SESSION_NOT_ALLOWED
are looked for a second time where the instrument is known.
"""

from __future__ import annotations

from typing import Final

from schemas.generated.events import (
    ORDER_REJECT_REASON_ACCOUNT_MALFORMED,
    ORDER_REJECT_REASON_ACCOUNT_MISSING,
    ORDER_REJECT_REASON_ALL_OR_NONE_NOT_ALLOWED,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_ABOVE_QUANTITY,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NEGATIVE,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_ALLOWED,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_IN_LOTS,
    ORDER_REJECT_REASON_EVENT_TIME_OUT_OF_RANGE,
    ORDER_REJECT_REASON_EXPIRY_IN_THE_PAST,
    ORDER_REJECT_REASON_EXPIRY_MISSING,
    ORDER_REJECT_REASON_EXPIRY_NOT_ALLOWED,
    ORDER_REJECT_REASON_EXPIRY_TOO_FAR,
    ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID,
    ORDER_REJECT_REASON_INSTRUMENT_DELISTED,
    ORDER_REJECT_REASON_INSTRUMENT_EXPIRED,
    ORDER_REJECT_REASON_INSTRUMENT_NOT_YET_LISTED,
    ORDER_REJECT_REASON_LIMIT_PRICE_MISSING,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ALLOWED,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ON_TICK,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_POSITIVE,
    ORDER_REJECT_REASON_MARKET_HALTED,
    ORDER_REJECT_REASON_MARKET_ORDER_OUTSIDE_REGULAR_HOURS,
    ORDER_REJECT_REASON_MARKING_MISSING,
    ORDER_REJECT_REASON_MARKING_NOT_ALLOWED,
    ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT,
    ORDER_REJECT_REASON_ORDER_ALREADY_REJECTED,
    ORDER_REJECT_REASON_ORDER_ID_DUPLICATE,
    ORDER_REJECT_REASON_ORDER_ID_MALFORMED,
    ORDER_REJECT_REASON_ORDER_ID_MISSING,
    ORDER_REJECT_REASON_ORDER_ID_TOO_LONG,
    ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_ORDER_TYPE_MISSING,
    ORDER_REJECT_REASON_POST_ONLY_CONTRADICTS_TIME_IN_FORCE,
    ORDER_REJECT_REASON_POST_ONLY_CONTRADICTS_TYPE,
    ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_PRICE_OUTSIDE_COLLAR,
    ORDER_REJECT_REASON_PRICE_OUTSIDE_LULD_BANDS,
    ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_NOT_IN_LOTS,
    ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE,
    ORDER_REJECT_REASON_REFERENCE_PRICE_MISSING,
    ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE,
    ORDER_REJECT_REASON_REPLACE_CHANGES_TYPE,
    ORDER_REJECT_REASON_REQUEST_ID_DUPLICATE,
    ORDER_REJECT_REASON_REQUEST_ID_MALFORMED,
    ORDER_REJECT_REASON_REQUEST_ID_MISSING,
    ORDER_REJECT_REASON_SESSION_CLOSED,
    ORDER_REJECT_REASON_SESSION_NOT_ALLOWED,
    ORDER_REJECT_REASON_SIDE_MISSING,
    ORDER_REJECT_REASON_STOP_AND_LIMIT_CONTRADICT,
    ORDER_REJECT_REASON_STOP_PRICE_MISSING,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_ALLOWED,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_ON_TICK,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_POSITIVE,
    ORDER_REJECT_REASON_STOP_PRICE_ON_WRONG_SIDE,
    ORDER_REJECT_REASON_SYMBOL_HALTED,
    ORDER_REJECT_REASON_SYMBOL_MISSING,
    ORDER_REJECT_REASON_SYMBOL_PAUSED,
    ORDER_REJECT_REASON_SYMBOL_UNKNOWN,
    ORDER_REJECT_REASON_SYMBOLS,
    ORDER_REJECT_REASON_TIME_IN_FORCE_MISSING,
    ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_INSTRUMENT,
    ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE,
    ORDER_REJECT_REASON_TOO_LATE_FOR_CLOSING_AUCTION,
    ORDER_REJECT_REASON_TOO_LATE_FOR_OPENING_AUCTION,
)

RejectRules = tuple[tuple[int, str, str], ...]

ENVELOPE_RULES: Final[RejectRules] = (
    # is there an order at all
    (ORDER_REJECT_REASON_REQUEST_ID_MISSING, "A replace or cancel has no request id.", ""),
    (
        ORDER_REJECT_REASON_REQUEST_ID_MALFORMED,
        "The request id is longer than 64 characters, or holds one that is not printable ASCII.",
        "",
    ),
    (ORDER_REJECT_REASON_EVENT_TIME_OUT_OF_RANGE, "The event time is outside the years that the calendar covers.", ""),
    (ORDER_REJECT_REASON_SYMBOL_MISSING, "There is no symbol.", ""),
    (ORDER_REJECT_REASON_ACCOUNT_MISSING, "There is no account.", ""),
    (
        ORDER_REJECT_REASON_ACCOUNT_MALFORMED,
        "The account is longer than 40 characters, or holds one that is not printable ASCII.",
        "characters",
    ),
    (ORDER_REJECT_REASON_ORDER_ID_MISSING, "There is no order id.", ""),
    (ORDER_REJECT_REASON_ORDER_ID_TOO_LONG, "The order id is longer than 64 characters.", "characters"),
    (ORDER_REJECT_REASON_ORDER_ID_MALFORMED, "The order id holds a character that is not printable ASCII.", ""),
    (ORDER_REJECT_REASON_SYMBOL_UNKNOWN, "No reference data has come for the symbol.", ""),
)

CONDUCT_RULES: Final[RejectRules] = (
    # what the account did before
    (
        ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT,
        "The account sends more orders and replaces in this symbol in one second than it may.",
        "orders in the second",
    ),
    (
        ORDER_REJECT_REASON_ORDER_ID_DUPLICATE,
        "The account used the order id before: today, or for an order that may still work.",
        "",
    ),
    (ORDER_REJECT_REASON_REQUEST_ID_DUPLICATE, "The request id of a replace was used for this order today.", ""),
    (ORDER_REJECT_REASON_ORDER_ALREADY_REJECTED, "A replace or cancel is for an order that was rejected here.", ""),
    (ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE, "A replace has another side than the order.", ""),
    (ORDER_REJECT_REASON_REPLACE_CHANGES_TYPE, "A replace has prices of another order type than the order's.", ""),
)

SHAPE_RULES: Final[RejectRules] = (
    # does the order contradict itself
    (ORDER_REJECT_REASON_SIDE_MISSING, "The side is neither buy nor sell.", ""),
    (ORDER_REJECT_REASON_ORDER_TYPE_MISSING, "There is no order type.", ""),
    (ORDER_REJECT_REASON_TIME_IN_FORCE_MISSING, "There is no time in force.", ""),
    (ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE, "The quantity is 0 or less.", "quantity"),
    (
        ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT,
        "The quantity is above the instrument's limit or the operator's.",
        "quantity",
    ),
    (ORDER_REJECT_REASON_LIMIT_PRICE_NOT_POSITIVE, "The limit price is negative.", "limit price"),
    (ORDER_REJECT_REASON_STOP_PRICE_NOT_POSITIVE, "The stop price is negative.", "stop price"),
    (ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT, "A price is above nine million currency units.", "the higher price"),
    (ORDER_REJECT_REASON_LIMIT_PRICE_MISSING, "A limit or stop limit order has no limit price.", ""),
    (ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ALLOWED, "A market or stop order has a limit price.", "limit price"),
    (ORDER_REJECT_REASON_STOP_PRICE_MISSING, "A stop or stop limit order has no stop price.", ""),
    (ORDER_REJECT_REASON_STOP_PRICE_NOT_ALLOWED, "A market or limit order has a stop price.", "stop price"),
    (
        ORDER_REJECT_REASON_STOP_AND_LIMIT_CONTRADICT,
        "The limit price of a stop limit order is on the wrong side of its stop price.",
        "limit price",
    ),
    (ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE, "The order type does not go with the time in force.", ""),
    (ORDER_REJECT_REASON_EXPIRY_MISSING, "A good-till-date order has no expiry.", ""),
    (ORDER_REJECT_REASON_EXPIRY_NOT_ALLOWED, "An order that is not good till date has an expiry.", ""),
    (ORDER_REJECT_REASON_EXPIRY_IN_THE_PAST, "The expiry is not after the event time.", ""),
    (ORDER_REJECT_REASON_EXPIRY_TOO_FAR, "The expiry is further ahead than allowed.", "days"),
    (
        ORDER_REJECT_REASON_MARKET_ORDER_OUTSIDE_REGULAR_HOURS,
        "A market or stop order wants to work outside regular hours.",
        "",
    ),
    (ORDER_REJECT_REASON_POST_ONLY_CONTRADICTS_TYPE, "An order that is no limit order is post only.", ""),
    (ORDER_REJECT_REASON_POST_ONLY_CONTRADICTS_TIME_IN_FORCE, "An order at once or for an auction is post only.", ""),
    (ORDER_REJECT_REASON_DISPLAY_QUANTITY_NEGATIVE, "The display quantity is negative.", "display quantity"),
    (
        ORDER_REJECT_REASON_DISPLAY_QUANTITY_ABOVE_QUANTITY,
        "The display quantity is above the quantity.",
        "display quantity",
    ),
    (
        ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_ALLOWED,
        "An order that cannot rest at a limit price has a display quantity.",
        "",
    ),
    (
        ORDER_REJECT_REASON_ALL_OR_NONE_NOT_ALLOWED,
        "All or none goes with none of post only, display quantity and auctions.",
        "",
    ),
    (
        ORDER_REJECT_REASON_MARKING_NOT_ALLOWED,
        "A buy, or an order in options or futures, is marked as a sale of stock.",
        "",
    ),
)

INSTRUMENT_RULES: Final[RejectRules] = (
    # is it one for this instrument
    (
        ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID,
        "The reference data of the symbol contradicts itself, or lacks what its kind needs.",
        "",
    ),
    (ORDER_REJECT_REASON_INSTRUMENT_NOT_YET_LISTED, "The first moment of trading is still to come.", ""),
    (ORDER_REJECT_REASON_INSTRUMENT_EXPIRED, "The option or future has expired.", ""),
    (ORDER_REJECT_REASON_INSTRUMENT_DELISTED, "The last moment of trading is over.", ""),
    (ORDER_REJECT_REASON_MARKING_MISSING, "A sale of stock is not marked long, short or short exempt.", ""),
    (ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_INSTRUMENT, "Options and futures have no auctions here.", ""),
    (
        ORDER_REJECT_REASON_QUANTITY_NOT_IN_LOTS,
        "The quantity is no multiple of what orders are multiples of.",
        "quantity",
    ),
    (
        ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_IN_LOTS,
        "The display quantity is no multiple of what orders are multiples of.",
        "display quantity",
    ),
    (ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ON_TICK, "The limit price is between two ticks (Rule 612).", "limit price"),
    (ORDER_REJECT_REASON_STOP_PRICE_NOT_ON_TICK, "The stop price is between two ticks.", "stop price"),
)

MARKET_RULES: Final[RejectRules] = (
    # does the market take it now
    (ORDER_REJECT_REASON_MARKET_HALTED, "A market-wide circuit breaker halts trading.", ""),
    (ORDER_REJECT_REASON_SYMBOL_HALTED, "The symbol is halted.", ""),
    (
        ORDER_REJECT_REASON_SYMBOL_PAUSED,
        "An order at once comes while the symbol is paused, quoting only, or in an auction.",
        "",
    ),
    (ORDER_REJECT_REASON_SESSION_CLOSED, "The market is closed.", ""),
    (
        ORDER_REJECT_REASON_SESSION_NOT_ALLOWED,
        "The order may not work in this session, or its sessions are over for today.",
        "",
    ),
    (ORDER_REJECT_REASON_TOO_LATE_FOR_OPENING_AUCTION, "The last moment for orders at the open is past.", ""),
    (ORDER_REJECT_REASON_TOO_LATE_FOR_CLOSING_AUCTION, "The last moment for orders at the close is past.", ""),
    (
        ORDER_REJECT_REASON_REFERENCE_PRICE_MISSING,
        "There is no price to judge a market or stop order, or a collar, by.",
        "",
    ),
    (
        ORDER_REJECT_REASON_PRICE_OUTSIDE_COLLAR,
        "The limit price reaches further through the market than the collar allows.",
        "limit price",
    ),
    (
        ORDER_REJECT_REASON_PRICE_OUTSIDE_LULD_BANDS,
        "A buy above the upper price band, or a sale below the lower.",
        "limit price",
    ),
    (ORDER_REJECT_REASON_STOP_PRICE_ON_WRONG_SIDE, "The stop price would be set off at once.", "stop price"),
    (
        ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT,
        "Quantity times multiplier times the highest of limit, stop and reference price is above the limit.",
        "amount",
    ),
)

CHAPTERS: Final[tuple[tuple[str, RejectRules], ...]] = (
    ("Envelope: is there an order at all", ENVELOPE_RULES),
    ("Conduct: what the account did before", CONDUCT_RULES),
    ("Shape: does the order contradict itself", SHAPE_RULES),
    ("Instrument: is it one for this instrument", INSTRUMENT_RULES),
    ("Market: does the market take it now", MARKET_RULES),
)


def reject_reasons_page() -> str:
    """docs/reject-reasons.md: the table, chapter by chapter."""
    lines = [
        "# Why validate refuses an order",
        "",
        "Drawn from `operators/reject_rules.py` by `python -m operators.reject_rules > docs/reject-reasons.md`; a test",
        "keeps it fresh. The first reason found, from top to bottom, is the one that is told, in the `reason` of",
        "OrderRejected, OrderReplaceRejected or OrderCancelRejected; cancels are held against the envelope and",
        "ORDER_ALREADY_REJECTED only.",
    ]
    for title, rules in CHAPTERS:
        lines += ["", f"## {title}", "", "| reason | what it says | figure |", "|---|---|---|"]
        lines += [f"| {ORDER_REJECT_REASON_SYMBOLS[reason]} | {text} | {figure} |" for reason, text, figure in rules]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(reject_reasons_page(), end="")
