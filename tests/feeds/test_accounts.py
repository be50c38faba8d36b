from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from jobs.feeds.open_source import open_source
from schemas.generated.events import (
    ACCOUNT_KIND_SYMBOLS,
    ACCOUNT_STATUS_SYMBOLS,
    KILL_SWITCH_SCOPE_SYMBOLS,
    KILL_SWITCH_STATE_ACTIVE,
    AccountChanged,
    InstrumentChanged,
    KillSwitchChanged,
    LocateGranted,
    OrderPlaced,
)
from tests.feeds.order_desk import OrderDesk, day_of
from tests.feeds.reading import data_of, read, rests_differ

MARKET = "seed=7,symbols=20"


@pytest.fixture(scope="module")
def told() -> list[Any]:
    return read(f"accounts:{MARKET},accounts=4000", "accounts")


def of(records: list[Any], kind: type) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def test_each_account_is_told_once(told: list[Any]) -> None:
    accounts = [each.account for each in of(told, AccountChanged)]
    assert len(accounts) == len(set(accounts)) == 4000
    assert of(told, KillSwitchChanged) == []


def test_the_accounts_are_those_that_send_orders(told: list[Any]) -> None:
    flow = read(f"order_flow:{MARKET},accounts=4000,orders=8000,faults=0")
    assert {order.account for order in of(flow, OrderPlaced)} <= {each.account for each in of(told, AccountChanged)}


def test_there_are_cash_and_margin_accounts_a_few_of_them_restricted_or_closed(told: list[Any]) -> None:
    kinds = Counter(ACCOUNT_KIND_SYMBOLS[each.account_kind] for each in of(told, AccountChanged))
    states = Counter(ACCOUNT_STATUS_SYMBOLS[each.status] for each in of(told, AccountChanged))
    assert 0.25 < kinds["CASH"] / 4000 < 0.5
    assert kinds["CASH"] + kinds["MARGIN"] == 4000
    assert 0 < states["CLOSED"] < states["RESTRICTED"] < 0.01 * 4000


def test_only_margin_accounts_sell_short(told: list[Any]) -> None:
    short = [each for each in of(told, AccountChanged) if each.short_permitted]
    assert 0.2 * 4000 < len(short) < 0.6 * 4000
    assert {ACCOUNT_KIND_SYMBOLS[each.account_kind] for each in short} == {"MARGIN"}


def test_money_goes_with_activity(told: list[Any]) -> None:
    cash = [each.cash_e8 for each in of(told, AccountChanged)]
    assert min(cash) > 10_000 * 10**8
    assert min(cash[:10]) > 100 * sorted(cash)[2000]
    many = [each.cash_e8 for each in of(read(f"accounts:{MARKET},orders=100000000"), AccountChanged)]
    assert min(many) > 10 * min(cash)


def test_locates_are_of_symbols_hard_to_borrow_for_accounts_that_sell_short(told: list[Any]) -> None:
    hard = {each.symbol for each in of(read(f"reference_data:{MARKET}"), InstrumentChanged) if not each.shortable}
    short = {each.account for each in of(told, AccountChanged) if each.short_permitted}
    locates = of(told, LocateGranted)
    assert {each.symbol for each in locates} == hard
    assert {each.account for each in locates} <= short
    assert len({(each.account, each.locate_id) for each in locates}) == len(locates) > 100


def test_kill_switches_are_told_to_each_account_they_cover() -> None:
    told = of(read(f"accounts:{MARKET},accounts=1500,switches=4"), KillSwitchChanged)
    covered = Counter((KILL_SWITCH_SCOPE_SYMBOLS[each.scope], each.event_time_ns) for each in told)
    assert Counter((scope, count) for (scope, _), count in covered.items()) == {
        ("ACCOUNT", 1): 4,
        ("SYMBOL", 1500): 2,
        ("GLOBAL", 1500): 2,
    }
    assert sum(each.state == KILL_SWITCH_STATE_ACTIVE for each in told) == len(told) // 2


def test_records_come_in_order_of_time_and_are_numbered() -> None:
    told = read(f"accounts:{MARKET},accounts=3000,switches=3")
    assert [pair for pair in pairwise(told) if pair[0].event_time_ns > pair[1].event_time_ns] == []
    assert [record.sequence for record in told] == list(range(1, len(told) + 1))


def test_two_runs_give_the_same_bytes_from_any_position() -> None:
    specification = f"accounts:{MARKET},accounts=3000,switches=3"
    assert data_of(read(specification)) == data_of(read(specification))
    assert rests_differ(specification) == []


def test_the_last_of_ten_million_accounts_is_told_at_once() -> None:
    source = open_source("accounts:accounts=10000000", "accounts")
    source.open({"switch": -1, "account": 9_999_360, "records": 11_000_000})
    batch = source.read()
    assert batch is not None
    assert of(batch.records, AccountChanged)[-1].account == "A19999999"
    assert source.read() is None


def test_switches_stop_orders_while_they_are_thrown() -> None:
    flow = "orders=8000,faults=0"
    free = OrderDesk("risk").run(day_of("symbols=5,events=8000", "accounts=20", flow))
    stopped = OrderDesk("risk").run(day_of("symbols=5,events=8000", "accounts=20", flow, switches=40))
    reasons = {"GLOBAL_KILL_SWITCH_ACTIVE", "SYMBOL_KILL_SWITCH_ACTIVE", "ACCOUNT_KILL_SWITCH_ACTIVE"}
    assert reasons & set(free.refusals("RISK")) == set()
    assert reasons & set(stopped.refusals("RISK")) == reasons
