from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dataflow.ports import InputFault
from jobs.feeds.open_source import open_source
from schemas.generated.events import MARKET_DATA_KIND_SYMBOLS, SIDE_BUY, SIDE_SELL
from tests.feeds.reading import data_of, read, rests_differ, write_text

NAME = "AAPL_2012-06-21_34200000_57600000_{}_{}.csv"
OPENING_NS = 1_340_285_400_000_000_000
TAKING = ("ORDER_REDUCED", "ORDER_DELETED", "ORDER_EXECUTED")
Level = tuple[int, int]


def pair(folder: Path, messages: list[str], books: list[str], levels: int = 2) -> str:
    """A folder with one pair of files; the specification that reads it."""
    write_text(folder / NAME.format("message", levels), "".join(line + "\n" for line in messages))
    write_text(folder / NAME.format("orderbook", levels), "".join(line + "\n" for line in books))
    return f"lobster:{folder}"


@dataclass
class NaiveBook:
    """Levels by price, from records alone: what a consumer would hold."""

    levels: dict[int, Counter[int]] = field(default_factory=lambda: {SIDE_BUY: Counter(), SIDE_SELL: Counter()})

    def apply(self, record: Any) -> None:
        kind = MARKET_DATA_KIND_SYMBOLS[record.kind]
        if kind == "ORDER_ADDED":
            self.levels[record.side][record.price_e8] += record.quantity
        if kind in TAKING:
            self.levels[record.side][record.price_e8] -= record.quantity

    def top(self, side: int, levels: int) -> list[Level]:
        held = [level for level in self.levels[side].items() if level[1] != 0]
        return sorted(held, reverse=side == SIDE_BUY)[:levels]


def snapshots(book_file: Path) -> list[tuple[list[Level], list[Level]]]:
    """Bids and asks of each line, in 1e-8."""
    rows = [[int(text) for text in line.split(",")] for line in book_file.read_text().split()]
    return [
        (
            [(row[at + 2] * 10_000, row[at + 3]) for at in range(0, len(row), 4)],
            [(row[at] * 10_000, row[at + 1]) for at in range(0, len(row), 4)],
        )
        for row in rows
    ]


def books_after_each_message(records: list[Any], message_file: Path) -> list[tuple[list[Level], list[Level]]]:
    """Ten levels of the naive book after each message, and after what follows it before the next."""
    book = NaiveBook()
    books = []
    expected = [line.split(",") for line in message_file.read_text().split()]
    for record in records:
        at = len(books)
        is_message = at < len(expected) and [record.order_id, record.quantity] == [int(x) for x in expected[at][2:4]]
        book.apply(record)
        if is_message:
            books.append(None)
        if books:
            books[-1] = (book.top(SIDE_BUY, 10), book.top(SIDE_SELL, 10))
    return books


def test_the_records_give_the_real_book_at_every_step(market_data_folder: Path) -> None:
    folder = market_data_folder / "lobster/data"
    books = books_after_each_message(read(f"lobster:{folder}"), folder / NAME.format("message", 10))
    assert len(books) == 999
    assert books == snapshots(folder / NAME.format("orderbook", 10))


def test_hardly_any_record_is_not_a_message_of_the_file(market_data_folder: Path) -> None:
    records = read(f"lobster:{market_data_folder / 'lobster/data'}")
    assert [record.order_id for record in records[:19]] == list(range(-1, -20, -1))
    assert len(records) == 19 + 999 + 15


def test_the_book_before_the_first_message_comes_first(tmp_path: Path) -> None:
    messages = ["34200.000000001,1,77,18,5853300,1"]
    books = ["5859400,200,5853300,18,5859800,300,5853000,150"]
    records = read(pair(tmp_path, messages, books))
    assert [(record.order_id, record.side, record.price_e8, record.quantity) for record in records] == [
        (-1, SIDE_BUY, 58_530_000_000, 150),
        (-2, SIDE_SELL, 58_594_000_000, 200),
        (-3, SIDE_SELL, 58_598_000_000, 300),
        (77, SIDE_BUY, 58_533_000_000, 18),
    ]
    assert {(record.event_time_ns, record.symbol, record.venue, record.feed) for record in records} == {
        (OPENING_NS + 1, "AAPL", "XNAS", "lobster")
    }


def test_an_order_taken_by_the_first_message_was_in_the_book_before_it(tmp_path: Path) -> None:
    records = read(pair(tmp_path, ["34200,3,77,18,5853300,1"], ["5859400,200,5853000,150"], levels=1))
    before = [(record.price_e8, record.quantity) for record in records if record.order_id < 0]
    assert before == [(58_533_000_000, 18), (58_530_000_000, 150), (58_594_000_000, 200)]
    assert MARKET_DATA_KIND_SYMBOLS[records[-1].kind] == "ORDER_DELETED"


def test_a_level_that_comes_into_view_is_added_right_after_its_message(tmp_path: Path) -> None:
    messages = ["34200,1,5,10,1000000,1", "34201,3,5,10,1000000,1"]
    books = ["1010000,7,1000000,10", "1010000,7,990000,40"]
    *_, deleted, revealed = read(pair(tmp_path, messages, books, levels=1))
    assert (deleted.order_id, revealed.order_id) == (5, -2)
    assert (revealed.price_e8, revealed.quantity, revealed.event_time_ns) == (9_900_000_000, 40, deleted.event_time_ns)


def test_a_level_found_smaller_or_gone_loses_its_oldest_orders(tmp_path: Path) -> None:
    messages = ["34200,1,5,10,1000000,1", "34201,1,6,20,1000000,1", "34202,5,0,1,1000000,1", "34203,5,0,1,1000000,1"]
    books = ["1010000,7,1000000,10", "1010000,7,1000000,30", "1010000,7,1000000,15", "1010000,7,-9999999999,0"]
    records = read(pair(tmp_path, messages, books, levels=1))
    corrections = [
        (MARKET_DATA_KIND_SYMBOLS[record.kind], record.order_id, record.quantity)
        for record in records
        if MARKET_DATA_KIND_SYMBOLS[record.kind] in TAKING
    ]
    assert corrections == [("ORDER_DELETED", 5, 10), ("ORDER_REDUCED", 6, 5), ("ORDER_DELETED", 6, 15)]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("34200,1,5,10,1000000,1", "ORDER_ADDED"),
        ("34200,2,5,10,1000000,1", "ORDER_REDUCED"),
        ("34200,3,5,10,1000000,1", "ORDER_DELETED"),
        ("34200,4,5,10,1000000,1", "ORDER_EXECUTED"),
        ("34200,5,0,10,1000000,1", "HIDDEN_EXECUTED"),
        ("34200,6,0,10,1000000,-1", "AUCTION"),
        ("34200,7,0,0,-1,-1", "STATUS"),
    ],
)
def test_each_type_has_its_kind(tmp_path: Path, message: str, kind: str) -> None:
    records = read(pair(tmp_path, [message], ["1010000,7,1000000,10"], levels=1))
    assert kind in [MARKET_DATA_KIND_SYMBOLS[record.kind] for record in records if record.order_id >= 0]


def test_halt_messages_tell_the_status(tmp_path: Path) -> None:
    messages = ["34200,7,0,0,-1,-1", "34201,7,0,0,0,-1", "34202,7,0,0,1,-1"]
    records = read(pair(tmp_path, messages, ["1010000,7,1000000,10"] * 3, levels=1))
    assert [record.status for record in records if record.status] == ["HALTED", "QUOTING", "TRADING"]


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("34200,1,5,10,1000000", "a message has 6 fields, not 5"),
        ("34200,8,5,10,1000000,1", "the type '8' is none of 1 to 7"),
        ("34200,1,-5,10,1000000,1", "the order '-5' is negative"),
        ("34200,1,5,10,1000000,0", "the direction '0' is neither 1 nor -1"),
        ("34200.0000000001,1,5,10,1000000,1", "up to nine decimals"),
        ("-1,1,5,10,1000000,1", "no number of seconds"),
        ("86400,1,5,10,1000000,1", "is not within a day of seconds"),
        ("34200,1,5,10,99999999999999,1", "is too large"),
        ("34200,7,0,0,5,-1", "the halt code '5'"),
    ],
)
def test_a_malformed_message_becomes_a_dead_letter_and_the_book_stays_right(
    tmp_path: Path, line: str, fact: str
) -> None:
    messages = ["34200,1,4,10,1000000,1", line]
    records = read(pair(tmp_path, messages, ["1010000,7,1000000,10", "1010000,7,1000000,25"], levels=1))
    letter, correction = records[-2:]
    assert (letter.place, letter.raw) == (NAME.format("message", 1) + ":2", line.encode())
    assert fact in letter.message
    assert (correction.order_id, correction.quantity) == (-2, 15)


def test_a_malformed_book_becomes_a_dead_letter_and_its_message_counts(tmp_path: Path) -> None:
    messages = ["34200,1,4,10,1000000,1", "34201,1,5,10,1000000,1"]
    records = read(pair(tmp_path, messages, ["1010000,7,1000000,10", "1010000,7,x,20"], levels=1))
    assert (records[-2].place, records[-2].raw) == (NAME.format("orderbook", 1) + ":2", b"1010000,7,x,20")
    assert records[-1].order_id == 5


def test_files_of_different_length_are_refused(tmp_path: Path) -> None:
    specification = pair(tmp_path, ["34200,1,4,10,1000000,1"] * 2, ["1010000,7,1000000,10"], levels=1)
    with pytest.raises(InputFault, match=r"message_1\.csv: has more lines than its partner"):
        read(specification)


def test_messages_without_their_book_are_refused(tmp_path: Path) -> None:
    write_text(tmp_path / NAME.format("message", 1), "")
    with pytest.raises(InputFault, match=r"orderbook_1\.csv: no such file"):
        open_source(f"lobster:{tmp_path}", "market")


def test_a_strange_name_is_refused(tmp_path: Path) -> None:
    write_text(tmp_path / "a_message_1.csv", "")
    with pytest.raises(InputFault, match="no LOBSTER name"):
        open_source(f"lobster:{tmp_path}", "market")


def test_any_position_gives_the_same_rest(tmp_path: Path) -> None:
    messages = [f"{34200 + number},1,{number},10,{1_000_000 - number},1" for number in range(9_000)]
    books = ["1010000,7,1000000,10"] * 9_000
    assert rests_differ(pair(tmp_path, messages, books, levels=1)) == []


def test_two_runs_give_the_same_bytes(market_data_folder: Path) -> None:
    specification = f"lobster:{market_data_folder / 'lobster/data'}"
    assert data_of(read(specification)) == data_of(read(specification))
