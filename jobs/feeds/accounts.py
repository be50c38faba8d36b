"""The accounts of the simulated market, told before dawn: terms and money, located shares, and kill switches.

An account is told with its locates after it, account after account. The money is enough for what the account does among
so many `orders`. `switches` kill switches are thrown through the day, each for ten minutes: of an account, of a symbol,
and every fourth of everything; those of symbols and the global one are told to each account (decision 0007).
"""

from __future__ import annotations

from typing import Any, Final

from mypy_extensions import i64

from dataflow.connectors.identity import source_prefix, stamp
from dataflow.model import Record, derive_id
from dataflow.ports import Batch, Source
from jobs.feeds.instruments import symbol_name
from jobs.feeds.market_day import MINUTE_NS, MarketDayPlan
from jobs.feeds.market_view import MARKET_OPTIONS, market_plan
from jobs.feeds.order_flow import ACCOUNTS, ORDERS_MAX
from jobs.feeds.specification import Specification
from jobs.feeds.stated_records import stated_records
from jobs.feeds.traders import ACCOUNTS_MAX, CLASS_PRIVATE, DOLLAR_E8, Traders, account_name
from schemas.generated.events import (
    ACCOUNT_KIND_CASH,
    ACCOUNT_KIND_MARGIN,
    ACCOUNT_STATUS_ACTIVE,
    ACCOUNT_STATUS_CLOSED,
    ACCOUNT_STATUS_RESTRICTED,
    KILL_SWITCH_SCOPE_ACCOUNT,
    KILL_SWITCH_SCOPE_GLOBAL,
    KILL_SWITCH_SCOPE_SYMBOL,
    KILL_SWITCH_STATE_ACTIVE,
    KILL_SWITCH_STATE_HALTED,
    KILL_SWITCH_STATE_REDUCING,
    AccountChanged,
    KillSwitchChanged,
    LocateGranted,
)

BATCH_ACCOUNTS: Final = 1024
BEFORE_OPEN_NS: Final[i64] = 380 * MINUTE_NS
"""Accounts are told so long before the opening: at 03:10 in New York, after the instruments."""
SWITCH_NS: Final[i64] = 10 * MINUTE_NS
SWITCHES_MAX: Final = 100
SWITCH_SALT: Final = 903
BASE_DOLLARS: Final[tuple[int, ...]] = (100_000_000, 10_000_000, 25_000)
DOLLARS_PER_ORDER: Final[tuple[int, ...]] = (100_000, 100_000, 6_000)
"""Money of an account by class: so much, and so much more for each order it may send."""
OPTIONS: Final[tuple[str, ...]] = (*MARKET_OPTIONS, "accounts", "orders", "switches")


class Switch:
    """One change of a kill switch, before it is told to the accounts it covers."""

    def __init__(self, at_ns: i64, scope: i64, account: i64, symbol: str, state: i64) -> None:
        self.at_ns: i64 = at_ns
        self.scope: i64 = scope
        self.account: i64 = account
        """The account it is for; -1 for all."""
        self.symbol: str = symbol
        self.state: i64 = state


def when_thrown(switch: Switch) -> int:
    return switch.at_ns


def switches_of(traders: Traders, plan: MarketDayPlan, count: i64) -> list[Switch]:
    """What is thrown and released through the day, in order of time."""
    switches: list[Switch] = []
    hours: i64 = plan.close_ns - plan.open_ns - 2 * SWITCH_NS
    number: i64 = 0
    while number < count:
        draw = derive_id(derive_id(traders.key, SWITCH_SALT), number)
        start_ns = plan.open_ns + (draw & 0xFFFFFF) * (hours >> 24)
        state = KILL_SWITCH_STATE_HALTED if draw >> 24 & 1 == 0 else KILL_SWITCH_STATE_REDUCING
        scope = KILL_SWITCH_SCOPE_ACCOUNT if number & 1 == 0 else KILL_SWITCH_SCOPE_SYMBOL
        if number & 3 == 3:
            scope = KILL_SWITCH_SCOPE_GLOBAL
        account = traders.active(draw >> 8) if scope == KILL_SWITCH_SCOPE_ACCOUNT else -1
        symbol = symbol_name((draw >> 32) % plan.symbols) if scope == KILL_SWITCH_SCOPE_SYMBOL else ""
        switches.append(Switch(start_ns, scope, account, symbol, state))
        switches.append(Switch(start_ns + SWITCH_NS, scope, account, symbol, KILL_SWITCH_STATE_ACTIVE))
        number += 1
    return sorted(switches, key=when_thrown)


class AccountWriter:
    """Writes what is told of an account. `orders` is how many are sent by all accounts."""

    def __init__(self, plan: MarketDayPlan, traders: Traders, orders: i64) -> None:
        self.traders: Traders = traders
        self.orders: i64 = orders
        self.first_ns: i64 = plan.open_ns - BEFORE_OPEN_NS
        self.expire_ns: i64 = plan.close_ns + 4 * 60 * MINUTE_NS

    def account(self, number: i64) -> AccountChanged:
        traders = self.traders
        trader_class = traders.class_of(number)
        status = ACCOUNT_STATUS_ACTIVE
        if traders.is_closed(number):
            status = ACCOUNT_STATUS_CLOSED
        elif traders.is_restricted(number):
            status = ACCOUNT_STATUS_RESTRICTED
        orders: int = traders.orders_of(number, self.orders)
        dollars: int = BASE_DOLLARS[trader_class]
        each: int = DOLLARS_PER_ORDER[trader_class]
        spread: int = 50 + traders.draw(number) % 101
        change = AccountChanged(
            event_time_ns=self.first_ns + number,
            account=account_name(number),
            owner="O" + str(number - number % 3),
            account_kind=ACCOUNT_KIND_MARGIN if traders.is_margin(number) else ACCOUNT_KIND_CASH,
            status=status,
            currency="USD",
            cash_e8=(dollars + each * orders) * spread // 100 * DOLLAR_E8,
            short_permitted=traders.may_short(number),
        )
        if trader_class == CLASS_PRIVATE:
            change.order_notional_max_e8 = 1_000_000 * DOLLAR_E8
            change.open_orders_max = 2_000
        return change

    def locate(self, number: i64, place: i64) -> LocateGranted:
        traders = self.traders
        symbol = symbol_name(traders.located(number, place))
        granted = LocateGranted(self.first_ns + number, symbol, account_name(number), "L" + str(place + 1))
        granted.quantity = traders.located_quantity(number)
        granted.expire_time_ns = self.expire_ns
        granted.lender = "Prime Lending"
        granted.fee_bps = 50 + traders.draw(number) % 450
        return granted


class Accounts:
    """The source (see `dataflow.ports.Source`). A batch is some accounts, or one switch told to some accounts."""

    def __init__(self, name: str, plan: MarketDayPlan, accounts: int, orders: int, switches: int) -> None:
        self.plan: Final[MarketDayPlan] = plan
        self.accounts: Final[int] = accounts
        self.orders: Final[int] = orders
        self.count: Final[int] = switches
        self.prefix: i64 = source_prefix(name)
        self.writer: AccountWriter | None = None
        self.switches: list[Switch] = []
        self.switch: i64 = -1
        """Which switch is told; -1 while the accounts themselves are."""
        self.account: i64 = 0
        self.records: i64 = 0

    def open(self, position: Any | None) -> None:
        traders = Traders(derive_id(self.plan.seed, self.plan.open_ns), self.accounts, self.plan.symbols)
        self.writer = AccountWriter(self.plan, traders, self.orders)
        self.switches = switches_of(traders, self.plan, self.count)
        self.switch = -1 if position is None else position["switch"]
        self.account = 0 if position is None else position["account"]
        self.records = 0 if position is None else position["records"]

    def read(self) -> Batch | None:
        if self.switch >= len(self.switches):
            return None
        batch = Batch({"switch": self.switch, "account": self.account, "records": self.records})
        end: i64 = min(self.account + BATCH_ACCOUNTS, self.accounts)
        if self.switch < 0:
            self.tell_accounts(batch.records, self.account, end)
        else:
            end = self.tell_switch(batch.records, self.switches[self.switch], end)
        self.account = end
        if end == self.accounts:
            self.account = 0
            self.switch += 1
        for record in batch.records:
            self.records += 1
            stamp(record, self.prefix, self.records)
        return batch

    def tell_accounts(self, records: list[Record], number: i64, end: i64) -> None:
        writer = self.writer
        assert writer is not None, "the source is not open"
        while number < end:
            records.append(writer.account(number))
            for place in range(writer.traders.locates(number)):
                records.append(writer.locate(number, place))  # noqa: PERF401 - a comprehension reads worse
            number += 1

    def tell_switch(self, records: list[Record], switch: Switch, end: i64) -> i64:
        """Tell a switch to the next accounts it covers. Returns where the next batch begins."""
        number = self.account
        if switch.account >= 0:
            number = switch.account
            end = number + 1
        while number < end:
            change = KillSwitchChanged(switch.at_ns, switch.scope, account_name(number), switch.symbol, switch.state)
            change.actor = "risk desk"
            change.comment = "released" if switch.state == KILL_SWITCH_STATE_ACTIVE else "too many fills at once"
            records.append(change)
            number += 1
        return self.accounts if switch.account >= 0 else end

    def expected_records(self) -> int | None:
        return self.accounts

    def close(self) -> None:
        self.writer = None


def open_feed(specification: Specification, name: str) -> Source:
    """The source for `accounts:seed=1,accounts=1000,symbols=20,date=2026-11-20`, or `accounts:FILE`. Raises
    InputFault."""
    if specification.place:
        return stated_records(specification, name, ("AccountChanged", "LocateGranted", "KillSwitchChanged"))
    specification.known(OPTIONS)
    plan = market_plan(specification)
    accounts = specification.whole("accounts", ACCOUNTS, 1, ACCOUNTS_MAX)
    orders = specification.whole("orders", 100_000, 1, ORDERS_MAX)
    return Accounts(name, plan, accounts, orders, specification.whole("switches", 0, 0, SWITCHES_MAX))
