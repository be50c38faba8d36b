"""Execution by hand: hours by calendar, fees, price improvement, and what the operator keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.execution import Execution, ExecutionParameters
from operators.fee_schedule import section_31_fee_e8, taf_fee_e8
from operators.order_states import order_states_page
from operators.trading_hours import SECOND_NS, day_number, midnight_s
from schemas.generated.events import (
    ORDER_SESSION_ALL_DAY,
    SIDE_BUY,
    SIDE_SELL,
    OrderExecuted,
)
from schemas.generated.states import INSTRUMENT_TYPE_FUTURE, INSTRUMENT_TYPE_OPTION, INSTRUMENT_TYPE_STOCK
from tests.reference.commands import Command
from tests.reference.real_book import SYMBOL, line_of, record_of

HOUR_NS = 3_600_000_000_000
DOLLAR_E8 = 100_000_000
TREE = Path(__file__).parent.parent.parent


def new_york(date: int, hour: float) -> int:
    """A local time of a day YYYYMMDD without a clock change."""
    day = day_number(date // 10_000, date // 100 % 100, date % 100)
    return midnight_s(day) * SECOND_NS + int(hour * 3_600) * SECOND_NS


MONDAY = 2026_11_16
MORNING = new_york(MONDAY, 8)
NOON = new_york(MONDAY, 12)
CLOSE = new_york(MONDAY, 16)


class CalendarDesk:
    """The operator in its harness, with the hours of US equities."""

    def __init__(self, **parameters: Any) -> None:
        self.harness = OperatorHarness(OPERATORS["execution"], ExecutionParameters(**parameters))

    def order(self, time_ns: int, name: str, side: int, quantity: int, limit: int, /, **fields: Any) -> list[Any]:
        account, order_id = name.split("/")
        command = Command("NEW", account, order_id, ("NONE", "BUY", "SELL")[side], quantity, limit, time_ns=time_ns)
        request = record_of(command)
        for field, value in fields.items():
            setattr(request, field, value)
        self.harness.send(request)
        return self.harness.take()

    def quote(self, time_ns: int, bid: int, ask: int) -> list[Any]:
        self.harness.send(record_of(Command("QUOTE", bid=bid, bid_size=100, ask=ask, ask_size=100, time_ns=time_ns)))
        return self.harness.take()

    def at(self, time_ns: int) -> list[str]:
        self.harness.advance_watermark(time_ns)
        return [line_of(record) for record in self.harness.take()]


def fills(records: list[Any]) -> list[OrderExecuted]:
    return [record for record in records if isinstance(record, OrderExecuted)]


def test_an_order_of_regular_hours_waits_for_the_opening_auction() -> None:
    desk = CalendarDesk()
    desk.order(MORNING, "x/b", SIDE_BUY, 100, 1000)
    said = [line_of(record) for record in desk.order(MORNING, "y/s", SIDE_SELL, 100, 1000)]
    assert said == ["accepted y/s #2", "suspended y/s SESSION_NOT_OPEN"]
    assert desk.at(new_york(MONDAY, 9.5))[:4] == [
        "accepted x/b #1",
        "accepted y/s #2",
        "auction OPENING 100@1000 imbalance NONE 0",
        "trade 1 x/b buys from y/s 100@1000 OPENING",
    ]


def test_orders_of_all_sessions_trade_before_the_opening() -> None:
    desk = CalendarDesk()
    desk.order(MORNING, "x/b", SIDE_BUY, 100, 1000, session=ORDER_SESSION_ALL_DAY)
    assert len(fills(desk.order(MORNING, "y/s", SIDE_SELL, 100, 1000, session=ORDER_SESSION_ALL_DAY))) == 2


def test_day_orders_expire_at_the_close_and_others_wait_for_the_next_day() -> None:
    desk = CalendarDesk()
    desk.order(NOON, "x/day", SIDE_BUY, 100, 1000)
    desk.order(NOON, "x/gtc", SIDE_BUY, 100, 999, time_in_force=2)
    assert desk.at(CLOSE) == [
        "auction CLOSING 0@0 imbalance NONE 0",
        "expired x/day 100 DAY_ENDED",
        "suspended x/gtc SESSION_NOT_OPEN",
    ]
    desk.quote(new_york(2026_11_17, 5), 990, 1010)
    assert desk.at(new_york(2026_11_17, 9.5))[0] == "accepted x/gtc #2"


def test_day_orders_of_all_sessions_expire_when_the_post_market_ends() -> None:
    desk = CalendarDesk()
    desk.order(NOON, "x/b", SIDE_BUY, 100, 1000, session=ORDER_SESSION_ALL_DAY)
    desk.at(CLOSE)
    assert desk.at(new_york(MONDAY, 20)) == ["expired x/b 100 DAY_ENDED"]


def test_an_early_close_is_at_one_o_clock() -> None:
    desk = CalendarDesk(early_close_days=(MONDAY,))
    desk.order(NOON, "x/b", SIDE_BUY, 100, 1000)
    assert desk.at(new_york(MONDAY, 13))[-1] == "expired x/b 100 DAY_ENDED"


def test_a_holiday_has_no_session() -> None:
    desk = CalendarDesk(closed_days=(MONDAY,))
    said = [line_of(record) for record in desk.order(NOON, "x/b", SIDE_BUY, 100, 1000)]
    assert said[-1] == "suspended x/b SESSION_NOT_OPEN"
    assert desk.at(new_york(MONDAY, 23)) == []


def test_holidays_and_early_closes_of_the_exchanges_need_not_be_told() -> None:
    desk = CalendarDesk()
    thanksgiving = desk.order(new_york(2026_11_26, 12), "x/b", SIDE_BUY, 100, 1000)
    assert line_of(thanksgiving[-1]) == "suspended x/b SESSION_NOT_OPEN"
    desk.quote(new_york(2026_11_27, 10), 990, 1010)
    assert desk.at(new_york(2026_11_27, 13))[-1] == "expired x/b 100 DAY_ENDED"


def test_a_quote_that_was_held_back_fills_at_the_time_of_the_books_clock() -> None:
    desk = CalendarDesk(liquidity="QUOTES")
    accepted = desk.order(NOON + 500, "x/b", SIDE_BUY, 100, 1000)
    (fill,) = fills(desk.quote(NOON, 990, 1000))
    assert fill.event_time_ns == accepted[0].event_time_ns == NOON + 500


def test_a_record_after_the_close_closes_the_day_as_a_timer_does() -> None:
    desk = CalendarDesk()
    desk.order(NOON, "x/b", SIDE_BUY, 100, 1000)
    assert [line_of(record) for record in desk.quote(CLOSE, 990, 1010)][-1] == "expired x/b 100 DAY_ENDED"
    assert desk.at(CLOSE) == []


def test_what_the_close_brings_bears_the_time_of_the_close_whatever_brought_it() -> None:
    by_record, by_timer = CalendarDesk(), CalendarDesk()
    by_record.order(NOON, "x/b", SIDE_BUY, 100, 1000)
    by_timer.order(NOON, "x/b", SIDE_BUY, 100, 1000)
    by_timer.harness.advance_watermark(CLOSE)
    times = [record.event_time_ns for record in by_record.quote(CLOSE + HOUR_NS, 990, 1010)]
    assert times == [record.event_time_ns for record in by_timer.harness.take()] == [CLOSE, CLOSE]


def test_an_order_that_comes_after_the_close_is_answered_at_its_own_time() -> None:
    desk = CalendarDesk()
    desk.order(NOON, "x/b", SIDE_BUY, 100, 1000)
    said = desk.order(CLOSE + HOUR_NS, "y/s", SIDE_SELL, 100, 1000)
    assert [record.event_time_ns for record in said] == [CLOSE, CLOSE, CLOSE + HOUR_NS, CLOSE + HOUR_NS]


def test_a_good_till_date_order_expires_by_timer() -> None:
    desk = CalendarDesk()
    desk.order(NOON, "x/g", SIDE_BUY, 100, 1000, time_in_force=3, expire_time_ns=NOON + HOUR_NS)
    desk.order(NOON, "x/h", SIDE_BUY, 100, 1000, time_in_force=3, expire_time_ns=NOON + 2 * HOUR_NS)
    assert desk.at(NOON + HOUR_NS) == ["expired x/g 100 DATE_REACHED"]
    assert desk.at(NOON + 2 * HOUR_NS) == ["expired x/h 100 DATE_REACHED"]


def test_timers_end_with_the_last_day_that_had_records() -> None:
    desk = CalendarDesk()
    desk.order(NOON, "x/gtc", SIDE_BUY, 100, 999, time_in_force=2)
    desk.at(1 << 62)
    assert desk.harness.timers(SYMBOL) == []
    assert desk.harness.state(SYMBOL).open_orders == 1


def test_section_31_is_charged_on_sales_by_date() -> None:
    proceeds_e8 = 100_000 * DOLLAR_E8
    assert section_31_fee_e8(new_york(2026_04_03, 12), INSTRUMENT_TYPE_STOCK, proceeds_e8) == 0
    assert section_31_fee_e8(new_york(2026_04_04, 0), INSTRUMENT_TYPE_STOCK, proceeds_e8) == 206 * DOLLAR_E8 // 100
    assert section_31_fee_e8(new_york(2026_04_04, 0), INSTRUMENT_TYPE_FUTURE, proceeds_e8) == 0


def test_section_31_is_rounded_up_to_the_cent() -> None:
    assert section_31_fee_e8(NOON, INSTRUMENT_TYPE_STOCK, DOLLAR_E8) == DOLLAR_E8 // 100


def test_the_activity_fee_is_by_share_up_to_its_cap() -> None:
    assert taf_fee_e8(new_york(2025_06_02, 12), INSTRUMENT_TYPE_STOCK, 10_000) == 166 * DOLLAR_E8 // 100
    assert taf_fee_e8(NOON, INSTRUMENT_TYPE_STOCK, 10_000) == 195 * DOLLAR_E8 // 100
    assert taf_fee_e8(NOON, INSTRUMENT_TYPE_STOCK, 1_000_000) == 979 * DOLLAR_E8 // 100
    assert taf_fee_e8(new_york(2027_01_04, 12), INSTRUMENT_TYPE_STOCK, 1_000_000) == 1161 * DOLLAR_E8 // 100
    assert taf_fee_e8(new_york(2025_06_02, 12), INSTRUMENT_TYPE_OPTION, 100) == 28 * DOLLAR_E8 // 100


def test_a_fill_carries_commission_fees_and_price_improvement() -> None:
    desk = CalendarDesk(protect_quotes=False)
    desk.order(NOON, "x/b", SIDE_BUY, 1000, 5002)
    desk.quote(NOON, 5000, 5010)
    buy, sell = fills(desk.order(NOON, "y/s", SIDE_SELL, 1000, 5000))
    assert (buy.commission_e8, buy.venue_fee_e8) == (350_000_000, -200_000_000)
    assert (buy.section_31_fee_e8, buy.taf_fee_e8) == (0, 0)
    assert buy.price_improvement_e8 == 80 * DOLLAR_E8
    assert (sell.commission_e8, sell.venue_fee_e8) == (350_000_000, 300_000_000)
    assert (sell.section_31_fee_e8, sell.taf_fee_e8) == (104_000_000, 20_000_000)
    assert sell.price_improvement_e8 == 20 * DOLLAR_E8


def test_the_least_commission_is_charged_once_an_order() -> None:
    desk = CalendarDesk(commission_per_unit_e8=1_000_000, commission_per_order_min_e8=100_000_000)
    desk.order(NOON, "x/b", SIDE_BUY, 200, 1000)
    first = fills(desk.order(NOON, "y/1", SIDE_SELL, 40, 1000))[0]
    second = fills(desk.order(NOON, "y/2", SIDE_SELL, 40, 1000))[0]
    third = fills(desk.order(NOON, "y/3", SIDE_SELL, 40, 1000))[0]
    assert [fill.commission_e8 for fill in (first, second, third)] == [100_000_000, 0, 20_000_000]


def test_the_average_price_is_rounded_half_to_even() -> None:
    desk = CalendarDesk()
    desk.order(NOON, "x/b", SIDE_BUY, 3, 0, limit_price_e8=100_000_002)
    desk.order(NOON, "y/1", SIDE_SELL, 1, 1)
    desk.order(NOON, "x/c", SIDE_BUY, 1, 0, limit_price_e8=100_000_004)
    last = fills(desk.order(NOON, "y/2", SIDE_SELL, 2, 1))[-1]
    assert last.average_price_e8 == 100_000_003


def test_a_large_order_is_counted_exactly() -> None:
    desk = CalendarDesk()
    desk.order(NOON, "x/b", SIDE_BUY, 1 << 40, 0, limit_price_e8=1 << 59)
    fill = fills(desk.order(NOON, "y/s", SIDE_SELL, 1 << 40, 0, limit_price_e8=1 << 59))[0]
    assert fill.average_price_e8 == 1 << 59


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"quantity": 0}, "QUANTITY_NOT_POSITIVE"),
        ({"quantity": (1 << 40) + 1}, "QUANTITY_ABOVE_LIMIT"),
        ({"limit_price_e8": (1 << 60) + 1}, "PRICE_ABOVE_LIMIT"),
        ({"limit_price_e8": 0}, "LIMIT_PRICE_NOT_POSITIVE"),
        ({"order_type": 3}, "STOP_PRICE_NOT_POSITIVE"),
        ({"order_type": 0}, "ORDER_TYPE_MISSING"),
        ({"side": 0}, "SIDE_MISSING"),
        ({"display_quantity": -1}, "DISPLAY_QUANTITY_NEGATIVE"),
        ({"display_quantity": 101}, "DISPLAY_QUANTITY_ABOVE_QUANTITY"),
        ({"display_quantity": 10, "all_or_none": True}, "DISPLAY_QUANTITY_NOT_ALLOWED"),
        ({"expire_time_ns": NOON}, "EXPIRY_IN_THE_PAST"),
        ({"time_in_force": 7, "order_type": 3, "stop_price_e8": 1}, "TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE"),
        ({"time_in_force": 7, "all_or_none": True}, "ALL_OR_NONE_NOT_ALLOWED"),
    ],
)
def test_an_order_no_book_can_hold_is_rejected(fields: dict[str, Any], reason: str) -> None:
    desk = CalendarDesk()
    assert [line_of(record) for record in desk.order(NOON, "x/b", SIDE_BUY, 100, 1000, **fields)] == [
        f"rejected x/b {reason}"
    ]
    assert desk.harness.state(SYMBOL).open_orders == 0


def test_a_snapshot_between_two_orders_changes_nothing() -> None:
    desk, other = CalendarDesk(), CalendarDesk()
    desk.order(NOON, "x/b", SIDE_BUY, 100, 1000, display_quantity=10)
    other.harness.restore(desk.harness.snapshot())
    said = [line_of(record) for record in desk.order(NOON, "y/s", SIDE_SELL, 15, 1000)]
    assert [line_of(record) for record in other.order(NOON, "y/s", SIDE_SELL, 15, 1000)] == said
    assert other.harness.snapshot() == desk.harness.snapshot()


def test_only_so_many_ended_orders_are_remembered() -> None:
    desk = CalendarDesk(ended_orders_max=2)
    for number in range(6):
        desk.order(NOON, f"x/{number}", SIDE_BUY, 100, 1000, time_in_force=5)
    state = desk.harness.state(SYMBOL)
    assert len(state.ended_recent.entries) + len(state.ended_before.entries) == 4


def test_a_wrong_parameter_is_told() -> None:
    with pytest.raises(ValueError, match="liquidity is one of BOOK, QUOTES, BOOK_AND_QUOTES, not 'DARK'"):
        Execution(ExecutionParameters(liquidity="DARK"))


def test_the_page_of_order_states_is_drawn_from_the_table() -> None:
    assert (TREE / "docs" / "order-states.md").read_text() == order_states_page()


def test_orders_of_two_symbols_do_not_meet() -> None:
    desk = CalendarDesk()
    desk.order(NOON, "x/b", SIDE_BUY, 100, 1000)
    said = [line_of(record) for record in desk.order(NOON, "y/s", SIDE_SELL, 100, 1000, symbol="OTHER")]
    assert said == ["accepted y/s #1"]
