from __future__ import annotations

from pathlib import Path
from typing import Any

from schemas.generated.events import SALE_MARKING_SHORT, SIDE_SYMBOLS, TIME_IN_FORCE_SYMBOLS
from tests.feeds.reading import data_of, read, rests_differ, write_text

NAME = "AAPL_2012-06-21_34200000_57600000_message_1.csv"
OPENING_NS = 1_340_285_400_000_000_000
HALF_HOUR = 1_800_000_000_000


def requests_of(folder: Path, *lines: str) -> list[Any]:
    """What a file of these messages, each a tenth of a second after the one before, becomes."""
    text = "".join(f"{34200 + number / 10:.1f},{line}\n" for number, line in enumerate(lines))
    write_text(folder / NAME, text)
    write_text(folder / NAME.replace("message", "orderbook"), "1,1,1,1\n" * len(lines))
    return read(f"lobster_orders:{folder}", "orders")


def told(record: Any) -> str:
    """A request as one reads it."""
    name = type(record).__name__
    if name == "OrderCancelRequested":
        return f"{record.account} cancels {record.order_id}"
    if name == "OrderReplaceRequested":
        return f"{record.account} replaces {record.order_id} by {record.quantity} at {record.limit_price_e8 / 1e8:g}"
    if name == "DeadLetter":
        return f"dead letter {record.place}"
    terms = f"{record.quantity} at {record.limit_price_e8 / 1e8:g} {TIME_IN_FORCE_SYMBOLS[record.time_in_force]}"
    return f"{record.account} {SIDE_SYMBOLS[record.side]} {record.order_id}: {terms}"


def test_a_submission_is_an_order_for_the_day(tmp_path: Path) -> None:
    requests = requests_of(tmp_path, "1,100,30,5859400,1", "1,70,10,5860000,-1")
    assert [told(each) for each in requests] == [
        "STREET36 BUY 100: 30 at 585.94 DAY",
        "STREET06 SELL 70: 10 at 586 DAY",
    ]
    assert requests[1].marking == SALE_MARKING_SHORT
    assert [each.event_time_ns for each in requests] == [OPENING_NS, OPENING_NS + 100_000_000]


def test_a_deletion_is_a_cancel_and_a_partial_cancel_a_smaller_order(tmp_path: Path) -> None:
    requests = requests_of(tmp_path, "1,64,30,5859400,1", "2,64,10,5859400,1", "3,64,20,5859400,1")
    assert [told(each) for each in requests[1:]] == ["STREET00 replaces 64 by 20 at 585.94", "STREET00 cancels 64"]
    assert [each.request_id for each in requests[1:]] == ["R2", "C3"]


def test_a_smaller_order_still_counts_what_is_filled(tmp_path: Path) -> None:
    requests = requests_of(tmp_path, "1,64,30,5859400,1", "4,64,10,5859400,1", "2,64,5,5859400,1")
    assert told(requests[2]) == "STREET00 replaces 64 by 25 at 585.94"


def test_an_execution_is_an_order_of_the_other_side_that_may_not_wait(tmp_path: Path) -> None:
    requests = requests_of(tmp_path, "1,64,30,5859400,1", "4,64,10,5859400,1")
    assert told(requests[1]) == "TAKER SELL X2: 10 at 585.94 IMMEDIATE_OR_CANCEL"


def test_orders_that_stood_before_are_placed_first_those_that_trade_before_others(tmp_path: Path) -> None:
    requests = requests_of(tmp_path, "3,1,50,5859400,1", "4,2,10,5859400,1", "4,2,20,5859400,1")
    assert [told(each) for each in requests] == [
        "STREET02 BUY 2: 30 at 585.94 DAY",
        "STREET01 BUY 1: 50 at 585.94 DAY",
        "STREET01 cancels 1",
        "TAKER SELL X2: 10 at 585.94 IMMEDIATE_OR_CANCEL",
        "TAKER SELL X3: 20 at 585.94 IMMEDIATE_OR_CANCEL",
    ]
    assert {each.event_time_ns for each in requests[:3]} == {OPENING_NS}


def test_hidden_executions_and_halts_are_no_orders(tmp_path: Path) -> None:
    assert requests_of(tmp_path, "5,0,10,5859400,1", "7,0,0,-1,-1", "6,-1,10,5859400,1")[:-1] == []


def test_a_line_that_is_no_message_becomes_a_dead_letter_in_its_place(tmp_path: Path) -> None:
    requests = requests_of(tmp_path, "1,64,30,5859400,1", "9,what", "3,64,30,5859400,1")
    assert [told(each) for each in requests[1:]] == [f"dead letter {NAME}:2", "STREET00 cancels 64"]


def test_the_real_day_is_the_same_from_any_position(market_data_folder: Path) -> None:
    specification = f"lobster_orders:{market_data_folder / 'lobster/data'}?symbols=AAPL"
    assert data_of(read(specification)) == data_of(read(specification))
    assert rests_differ(specification) == []


def test_instruments_and_accounts_of_the_orders_are_told_before_them(tmp_path: Path) -> None:
    requests = requests_of(tmp_path, *[f"1,{number},30,5859400,1" for number in range(130)], "4,5,10,5859400,1")
    (instrument,) = read(f"lobster_instruments:{tmp_path}")
    accounts = read(f"lobster_accounts:{tmp_path}")
    assert (instrument.symbol, instrument.event_time_ns) == ("AAPL", OPENING_NS - 6 * 3_600_000_000_000 - HALF_HOUR)
    assert {each.account for each in accounts} == {each.account for each in requests}
    assert {each.event_time_ns for each in accounts} == {instrument.event_time_ns}
