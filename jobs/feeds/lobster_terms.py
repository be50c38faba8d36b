"""The instruments and accounts that go with the orders of LOBSTER's files (see `lobster_orders`).

Each ticker is a stock that may be sold short; each account is a margin account with money for anything. They are told
before dawn of the first day.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import Record
from jobs.feeds.lobster_messages import VENUE, days_of
from jobs.feeds.lobster_orders import STREET, TAKER, street_name
from jobs.feeds.new_york import midnight_ns
from jobs.feeds.record_list import RecordList
from jobs.feeds.specification import Specification
from schemas.generated.events import (
    ACCOUNT_KIND_MARGIN,
    INSTRUMENT_TYPE_STOCK,
    AccountChanged,
    InstrumentChanged,
)

BEFORE_NS: Final = 3 * 3_600_000_000_000
"""After midnight."""
CASH_E8: Final = 10**12 * 100_000_000
ACCOUNTS: Final = "lobster_accounts"


class LobsterTerms(RecordList):
    """All there is to tell of the symbols, or of the accounts."""

    def __init__(self, name: str, specification: Specification) -> None:
        super().__init__(name, specification.place, "records")
        self.specification: Final[Specification] = specification

    def made(self) -> list[Record]:
        days = days_of(self.specification)
        first = min(days)
        at_ns = midnight_ns(days[first][0].date) + BEFORE_NS
        if self.specification.kind == ACCOUNTS:
            return [account(name, at_ns) for name in [street_name(number) for number in range(STREET)] + [TAKER]]
        symbols = sorted({pair.symbol for pairs in days.values() for pair in pairs})
        return [instrument(symbol, at_ns) for symbol in symbols]


def account(name: str, at_ns: i64) -> AccountChanged:
    return AccountChanged(
        event_time_ns=at_ns,
        account=name,
        owner=name,
        account_kind=ACCOUNT_KIND_MARGIN,
        currency="USD",
        cash_e8=CASH_E8,
        short_permitted=True,
    )


def instrument(symbol: str, at_ns: i64) -> InstrumentChanged:
    return InstrumentChanged(
        event_time_ns=at_ns,
        symbol=symbol,
        instrument_type=INSTRUMENT_TYPE_STOCK,
        currency="USD",
        primary_venue=VENUE,
        lot_quantity=100,
        order_multiple=1,
        multiplier=1,
        leverage_percent=100,
        shortable=True,
    )


def open_feed(specification: Specification, name: str) -> LobsterTerms:
    """The source for `lobster_accounts:FOLDER` or `lobster_instruments:FOLDER`. Raises InputFault."""
    days_of(specification)
    return LobsterTerms(name, specification)
