from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.ports import InputFault
from jobs.feeds.open_source import open_source
from schemas.generated.events import MARKET_DATA_KIND_TRADE, DeadLetter
from tests.feeds.reading import batches_of, read, records_of, rests_differ, write_text, write_zip

HEADER = "symbol,time,type,bid,bid_size,ask,ask_size,price,size,venue,conditions,sequence"
QUOTE = "IBM,2013-10-07T13:30:00.000000001Z,quote,181.05,100,181.10,200,,,N,R,7"
TRADE = "IBM,1381152600,trade,,,,,181.0700000001,150,Q,@F,8"
GOOD_TRADE = TRADE.replace("181.0700000001", "181.07")
OPENING_NS = 1_381_152_600_000_000_000


def csv_file(folder: Path, *lines: str) -> str:
    return f"csv:{write_text(folder / 'ticks.csv', chr(10).join(lines))}"


def test_quotes_and_trades_are_read_exactly(tmp_path: Path) -> None:
    quote, trade = read(csv_file(tmp_path, HEADER, QUOTE, GOOD_TRADE))
    assert (quote.symbol, quote.event_time_ns, quote.venue, quote.feed) == ("IBM", OPENING_NS + 1, "N", "csv")
    assert (quote.bid_price_e8, quote.bid_quantity, quote.ask_price_e8, quote.ask_quantity) == (
        18_105_000_000,
        100,
        18_110_000_000,
        200,
    )
    assert (trade.kind, trade.price_e8, trade.quantity, trade.conditions, trade.venue_sequence) == (
        MARKET_DATA_KIND_TRADE,
        18_107_000_000,
        150,
        "@F",
        8,
    )


def test_columns_may_stand_in_any_order_and_others_are_ignored(tmp_path: Path) -> None:
    [trade] = read(csv_file(tmp_path, "size,note,TIME,price, symbol", '9,"a, b",1381152600,1.5,"IBM"'))
    assert (trade.symbol, trade.price_e8, trade.quantity, trade.venue) == ("IBM", 150_000_000, 9, "CSV")


def test_a_file_of_quotes_needs_no_type_and_an_empty_side_is_none(tmp_path: Path) -> None:
    [quote] = read(csv_file(tmp_path, "\ufeffsymbol,time,bid,ask", "IBM,1381152600,10.01,"))
    assert (quote.bid_price_e8, quote.ask_price_e8) == (1_001_000_000, 0)


def test_packed_files_are_read_alike(tmp_path: Path) -> None:
    text = f"{HEADER}\n{QUOTE}\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    write_zip(tmp_path / "a.zip", text)
    assert [record.symbol for record in read(f"csv:{tmp_path}/a.csv.gz") + read(f"csv:{tmp_path}/a.zip")] == ["IBM"] * 2


def test_a_zone_can_be_given_for_times_without_one(tmp_path: Path) -> None:
    specification = csv_file(tmp_path, "symbol,time,price,size", "IBM,2013-10-07 09:30:00,1,1")
    assert isinstance(read(specification)[0], DeadLetter)
    assert read(f"{specification}?zone=America/New_York")[0].event_time_ns == OPENING_NS


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        (TRADE, "finer than 1e-8"),
        ("IBM,1381152600,trade", "3 fields where the header has 12"),
        (GOOD_TRADE.replace("IBM", ""), "the symbol is empty"),
        (GOOD_TRADE.replace("IBM", "I" * 65), "longer than 64 bytes"),
        (GOOD_TRADE.replace("trade", "bid"), "the type 'bid' is neither quote nor trade"),
        (GOOD_TRADE.replace("150", "1.5"), "no whole number of shares"),
        (GOOD_TRADE.replace("150", ""), "is no whole number"),
        (GOOD_TRADE.replace("181.07", ""), "is no decimal number"),
        (GOOD_TRADE.replace("1381152600", "soon"), "'soon' is no whole number"),
        ('"IBM' + GOOD_TRADE[3:], "wrong quotes"),
    ],
)
def test_a_malformed_line_becomes_a_dead_letter_and_reading_goes_on(tmp_path: Path, line: str, fact: str) -> None:
    quote, letter, trade = read(csv_file(tmp_path, HEADER, QUOTE, line, "", GOOD_TRADE))
    assert (quote.sequence, letter.sequence, trade.sequence) == (1, 2, 3)
    assert (letter.source, letter.place, letter.raw) == ("market", "ticks.csv:3", line.encode())
    assert fact in letter.message


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line and line not in (b"", b"\r"))))
def test_noise_loses_nothing_and_crashes_nothing(tmp_path_factory: pytest.TempPathFactory, noise: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("noise") / "ticks.csv"
    path.write_bytes(b"\n".join([HEADER.encode(), *noise]))
    records = read(f"csv:{path}")
    assert [record.raw for record in records] == noise


@given(st.lists(st.sampled_from([QUOTE, GOOD_TRADE, TRADE, "noise", '"']), max_size=12))
def test_good_lines_are_read_whatever_stands_between_them(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("mixed") / "ticks.csv"
    path.write_text("\n".join([HEADER, *lines]))
    kinds = ["letter" if isinstance(record, DeadLetter) else "good" for record in read(f"csv:{path}")]
    assert kinds == ["good" if line in (QUOTE, GOOD_TRADE) else "letter" for line in lines]


@pytest.mark.parametrize(
    ("header", "fact"),
    [
        ("", "the file is empty"),
        ("symbol,bid,ask", "no column time"),
        ("symbol,time", "no column bid, ask"),
        ("symbol,time,price", "no column size"),
        ("symbol,time,bid,ask,price,size", "no column type"),
        ("symbol,time,bid,ask,bid", "two columns are called 'bid'"),
        ("symbl,time,bid,ask", r"no column is called 'symbl'\n    did you mean 'symbol'"),
        ("symbol,time,bid,ask,bidsize", r"no column is called 'bidsize'\n    did you mean 'bid_size'"),
        ('"symbol', "the first line is no header"),
    ],
)
def test_wrong_columns_are_refused_with_a_remedy(tmp_path: Path, header: str, fact: str) -> None:
    with pytest.raises(InputFault, match=fact):
        read(csv_file(tmp_path, header))


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "zip"])
def test_any_position_gives_the_same_rest(tmp_path: Path, ending: str) -> None:
    text = "\n".join([HEADER, *[QUOTE, "noise", "", GOOD_TRADE] * 4_000])
    path = tmp_path / f"ticks.{ending}"
    {
        "csv": lambda: write_text(path, text),
        "csv.gz": lambda: path.write_bytes(gzip.compress(text.encode())),
        "zip": lambda: write_zip(path, text),
    }[ending]()
    assert rests_differ(f"csv:{path}") == []


def test_nothing_but_empty_lines_is_nothing(tmp_path: Path) -> None:
    assert read(csv_file(tmp_path, HEADER, "", "", "\r", "")) == []


def test_a_batch_is_never_empty(tmp_path: Path) -> None:
    batches = batches_of(open_source(csv_file(tmp_path, HEADER, *[""] * 10_000, QUOTE), "market"))
    assert [len(batch.records) for batch in batches] == [1]
    assert records_of(batches)[0].sequence == 1
