"""The reasons for which risk refuses an order or replace, in the order in which they are looked for.

One table: reason, what it says, what its `figure` counts (then `limit` is what that was held against; empty where the
rule has no figure). docs/risk-checks.md is drawn from it and from the tables of margin_rules (`risk_checks_page`).

Invariant: risk gives no reason that is not here.
"""

from __future__ import annotations

from typing import Final

from operators.margin_rules import DAY_RULE_ROWS, DOLLAR_E8, FUTURE_ROWS, OPTION_ROWS, SHARE_ROWS
from schemas.generated.events import (
    ORDER_REJECT_REASON_ACCOUNT_CLOSED,
    ORDER_REJECT_REASON_ACCOUNT_DATA_INVALID,
    ORDER_REJECT_REASON_ACCOUNT_KILL_SWITCH_ACTIVE,
    ORDER_REJECT_REASON_ACCOUNT_RESTRICTED,
    ORDER_REJECT_REASON_ACCOUNT_UNKNOWN,
    ORDER_REJECT_REASON_BUYING_POWER_EXCEEDED,
    ORDER_REJECT_REASON_CONCENTRATION_ABOVE_LIMIT,
    ORDER_REJECT_REASON_DAILY_LOSS_ABOVE_LIMIT,
    ORDER_REJECT_REASON_EQUITY_BELOW_MINIMUM,
    ORDER_REJECT_REASON_EVENT_TIME_OUT_OF_RANGE,
    ORDER_REJECT_REASON_GLOBAL_KILL_SWITCH_ACTIVE,
    ORDER_REJECT_REASON_GROSS_EXPOSURE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_HOLDINGS_ABOVE_LIMIT,
    ORDER_REJECT_REASON_INITIAL_MARGIN_EXCEEDED,
    ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID,
    ORDER_REJECT_REASON_INSTRUMENT_NOT_PERMITTED,
    ORDER_REJECT_REASON_INTRADAY_MARGIN_FREEZE,
    ORDER_REJECT_REASON_MAINTENANCE_MARGIN_DEFICIT,
    ORDER_REJECT_REASON_NET_EXPOSURE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT,
    ORDER_REJECT_REASON_OPEN_ORDERS_ABOVE_LIMIT,
    ORDER_REJECT_REASON_ORDER_ID_DUPLICATE,
    ORDER_REJECT_REASON_ORDER_NOT_REDUCING_POSITION,
    ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_ORDER_UNKNOWN,
    ORDER_REJECT_REASON_PATTERN_DAY_TRADER_BELOW_MINIMUM,
    ORDER_REJECT_REASON_POSITION_ABOVE_LIMIT,
    ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE,
    ORDER_REJECT_REASON_REFERENCE_PRICE_MISSING,
    ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE,
    ORDER_REJECT_REASON_REPLACE_PENDING,
    ORDER_REJECT_REASON_REPLACE_QUANTITY_BELOW_FILLED,
    ORDER_REJECT_REASON_REQUEST_ID_MISSING,
    ORDER_REJECT_REASON_SALE_ABOVE_POSITION,
    ORDER_REJECT_REASON_SHORT_SALE_AT_OR_BELOW_BID,
    ORDER_REJECT_REASON_SHORT_SALE_NOT_PERMITTED,
    ORDER_REJECT_REASON_SHORT_SALE_NOT_SHORTABLE,
    ORDER_REJECT_REASON_SHORT_SALE_WITHOUT_LOCATE,
    ORDER_REJECT_REASON_SIDE_MISSING,
    ORDER_REJECT_REASON_SYMBOL_KILL_SWITCH_ACTIVE,
    ORDER_REJECT_REASON_SYMBOLS,
)

RiskRules = tuple[tuple[int, str, str], ...]

REPLACE_RULES: Final[RiskRules] = (
    (ORDER_REJECT_REASON_ORDER_UNKNOWN, "The account has no open order of this id in this symbol.", ""),
    (ORDER_REJECT_REASON_REPLACE_PENDING, "A replace before it is not yet answered by execution.", ""),
    (ORDER_REJECT_REASON_REQUEST_ID_MISSING, "The replace has no id to be answered by.", ""),
    (ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE, "The side is not the order's.", ""),
    (ORDER_REJECT_REASON_REPLACE_QUANTITY_BELOW_FILLED, "No more would be left than is filled.", "new quantity"),
)

FORM_RULES: Final[RiskRules] = (
    (ORDER_REJECT_REASON_EVENT_TIME_OUT_OF_RANGE, "The event time is before 1970 or after 2115.", ""),
    (ORDER_REJECT_REASON_SIDE_MISSING, "Neither purchase nor sale.", ""),
    (ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE, "The quantity is zero or negative.", ""),
    (ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT, "The quantity is above a million million.", ""),
    (ORDER_REJECT_REASON_REFERENCE_PRICE_MISSING, "There is no price to reserve at.", ""),
    (ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT, "A price is negative, or a thousand million or more.", ""),
    (
        ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID,
        "Type, multiplier, strike, right or contract margin is missing, out of bounds, or not what is held.",
        "",
    ),
    (ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT, "Price times quantity times multiplier does not fit 64 bits.", ""),
)

ACCOUNT_RULES: Final[RiskRules] = (
    (ORDER_REJECT_REASON_ACCOUNT_UNKNOWN, "No terms of the account were told.", ""),
    (ORDER_REJECT_REASON_ACCOUNT_DATA_INVALID, "The last terms told have a figure out of bounds.", ""),
    (ORDER_REJECT_REASON_ACCOUNT_CLOSED, "The account is closed.", ""),
    (ORDER_REJECT_REASON_GLOBAL_KILL_SWITCH_ACTIVE, "The global kill switch is HALTED.", ""),
    (ORDER_REJECT_REASON_ACCOUNT_KILL_SWITCH_ACTIVE, "The account's kill switch is HALTED.", ""),
    (ORDER_REJECT_REASON_SYMBOL_KILL_SWITCH_ACTIVE, "The symbol's kill switch is HALTED.", ""),
    (ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT, "Too many orders and replaces in one second.", "orders a second"),
    (ORDER_REJECT_REASON_INSTRUMENT_NOT_PERMITTED, "The account may not trade options, or futures.", ""),
    (ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT, "The order is above the account's largest.", "amount"),
    (ORDER_REJECT_REASON_ORDER_ID_DUPLICATE, "An order of this id is open.", ""),
    (ORDER_REJECT_REASON_OPEN_ORDERS_ABOVE_LIMIT, "One open order too many.", "open orders"),
    (ORDER_REJECT_REASON_HOLDINGS_ABOVE_LIMIT, "One symbol too many.", "symbols"),
)

SALE_RULES: Final[RiskRules] = (
    (
        ORDER_REJECT_REASON_SHORT_SALE_NOT_PERMITTED,
        "A short sale, or the writing of an option, in a cash account, or one that may not sell short.",
        "",
    ),
    (
        ORDER_REJECT_REASON_SHORT_SALE_NOT_SHORTABLE,
        "The stock is not easy to borrow, and no locate is in force (Regulation SHO 203(b)(1)).",
        "",
    ),
    (
        ORDER_REJECT_REASON_SHORT_SALE_WITHOUT_LOCATE,
        "Locates in force cover fewer shares than all open short sales of the symbol.",
        "shares",
    ),
    (
        ORDER_REJECT_REASON_SHORT_SALE_AT_OR_BELOW_BID,
        "Rule 201 is in force, and the sale could execute at or below the national best bid; short-exempt sales may.",
        "limit price",
    ),
    (ORDER_REJECT_REASON_SALE_ABOVE_POSITION, "All open sales together are more than is held.", "shares"),
)

GROWTH_RULES: Final[RiskRules] = (
    (ORDER_REJECT_REASON_ACCOUNT_RESTRICTED, "The account may only reduce positions.", ""),
    (ORDER_REJECT_REASON_ORDER_NOT_REDUCING_POSITION, "A kill switch is REDUCING.", ""),
    (ORDER_REJECT_REASON_DAILY_LOSS_ABOVE_LIMIT, "The day's loss is above the account's limit.", "loss"),
    (
        ORDER_REJECT_REASON_INTRADAY_MARGIN_FREEZE,
        "An intraday margin deficit was not met in time.",
        "days since 1970: this one, and the first without the freeze",
    ),
    (
        ORDER_REJECT_REASON_MAINTENANCE_MARGIN_DEFICIT,
        "Equity is below the maintenance margin of the positions.",
        "maintenance margin",
    ),
    (
        ORDER_REJECT_REASON_PATTERN_DAY_TRADER_BELOW_MINIMUM,
        "Until the intraday standard: a pattern day trader began the day with less than the least equity.",
        "equity",
    ),
)

FIGURE_RULES: Final[RiskRules] = (
    (ORDER_REJECT_REASON_POSITION_ABOVE_LIMIT, "The position with all open orders of the side.", "shares or contracts"),
    (ORDER_REJECT_REASON_CONCENTRATION_ABOVE_LIMIT, "Exposure in the symbol as a share of equity.", "exposure"),
    (ORDER_REJECT_REASON_GROSS_EXPOSURE_ABOVE_LIMIT, "Gross exposure, open orders filled.", "exposure"),
    (ORDER_REJECT_REASON_NET_EXPOSURE_ABOVE_LIMIT, "Net exposure, open orders of the side filled.", "exposure"),
    (
        ORDER_REJECT_REASON_BUYING_POWER_EXCEEDED,
        "A cash account has less than the order needs.",
        "reserved in the symbol",
    ),
    (
        ORDER_REJECT_REASON_EQUITY_BELOW_MINIMUM,
        "A margin account below the least equity opens what its cash does not pay in full.",
        "equity",
    ),
    (
        ORDER_REJECT_REASON_INITIAL_MARGIN_EXCEEDED,
        "Initial margin of positions and open orders is above equity.",
        "initial margin",
    ),
)

CHAPTERS: Final[tuple[tuple[str, RiskRules], ...]] = (
    ("Replaces: is there an order to change", REPLACE_RULES),
    ("Form: can it be counted", FORM_RULES),
    ("Account: may it trade at all", ACCOUNT_RULES),
    ("Sales: may it be sold", SALE_RULES),
    ("Growth: may the account do more than close", GROWTH_RULES),
    ("Figures: can the account bear it", FIGURE_RULES),
)


def dollars(amount_e8: int) -> str:
    return f"${amount_e8 / DOLLAR_E8:,.2f}"


def percent(bps: int) -> str:
    return f"{bps / 100:g} %"


def day_text(date: int) -> str:
    return f"{date // 10_000}-{date // 100 % 100:02d}-{date % 100:02d}"


def margin_lines() -> list[str]:
    """The tables of margin_rules, one sentence a row."""
    lines = ["", "## Margin by date", "", "| from | what | figures |", "|---|---|---|"]
    for row in SHARE_ROWS:
        day = day_text(row[0])
        lines.append(
            f"| {day} | shares, initial | {percent(row[1])} long, {percent(row[2])} short, not below maintenance |"
        )
        lines.append(f"| {day} | shares, maintenance, long | {percent(row[3])} |")
        low = f"the greater of {percent(row[5])} and {dollars(row[6])} a share"
        high = f"the greater of {percent(row[7])} and {dollars(row[8])} a share"
        lines.append(f"| {day} | shares, maintenance, short below {dollars(row[4])} | {low} |")
        lines.append(f"| {day} | shares, maintenance, short otherwise | {high} |")
        lines.append(f"| {day} | least equity of a margin account | {dollars(row[9])} |")
    for first_day, long_bps, underlying_bps, floor_bps in OPTION_ROWS:
        lines.append(f"| {day_text(first_day)} | options, long | {percent(long_bps)} of the premium |")
        above = f"premium + {percent(underlying_bps)} of the underlying less what it is out of the money"
        floor = f"at least premium + {percent(floor_bps)} of the underlying (call) or strike (put)"
        lines.append(f"| {day_text(first_day)} | options, short | {above}, {floor} |")
    for first_day, numerator, denominator in FUTURE_ROWS:
        figures = f"contract margin; maintenance {numerator}/{denominator} of it"
        lines.append(f"| {day_text(first_day)} | futures | {figures} |")
    for first_day, _, trades, days, least_e8 in DAY_RULE_ROWS[1:]:
        text = f"{trades} day trades in {days} business days need {dollars(least_e8)}" if trades else "intraday deficit"
        lines.append(f"| {day_text(first_day)} | within a day | {text} |")
    return lines


def risk_checks_page() -> str:
    """docs/risk-checks.md: reasons chapter by chapter, then margins."""
    lines = [
        "# What risk holds an order against",
        "",
        "Drawn from `operators/risk_rules.py` by `python -m operators.risk_rules > docs/risk-checks.md`; a test keeps",
        "it fresh. The first reason found, from top to bottom, is the one that is told, in the `reason` of",
        "OrderRejected or OrderReplaceRejected, with `figure` and `limit`; what passes is told in the figures of",
        "RiskChecked. Cancels pass always. Orders that only close a position, and replaces that ask for no more, are",
        "not held against the last two chapters.",
        "",
        "An approved order reserves, until it ends, the initial margin of what it would open (a cash account: its",
        "cost) and fees. Buying power is equity less initial margin of positions less reservations.",
        "",
        "A kill switch reaches accounts one by one: `operators.kill_switch.addressed` makes one KillSwitchChanged an",
        "account, for the source that knows them; an account told for the first time takes the global switch from its",
        "AccountChanged.",
    ]
    for title, rules in CHAPTERS:
        lines += ["", f"## {title}", "", "| reason | what it says | figure |", "|---|---|---|"]
        lines += [f"| {ORDER_REJECT_REASON_SYMBOLS[reason]} | {text} | {figure} |" for reason, text, figure in rules]
    return "\n".join([*lines, *margin_lines(), ""])


if __name__ == "__main__":
    print(risk_checks_page(), end="")
