from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from dataflow.ports import InputFault
from jobs.feeds.open_source import open_source
from schemas.generated.events import MARKET_DATA_KIND_QUOTE, MARKET_DATA_KIND_TRADE
from tests.feeds.reading import batches_of, data_of, read, records_of, rests_differ, write_zip

QUOTE = MARKET_DATA_KIND_QUOTE
TRADE = MARKET_DATA_KIND_TRADE
OPENING_2013_10_07 = 1_381_152_600_000_000_000
OPENING_2013_12_02 = 1_385_994_600_000_000_000
OPENING_MS = 34_200_000


def ibm(folder: Path, trades: str = "", quotes: str = "", day: str = "20131007") -> str:
    """A folder with the archives of one symbol and day; the specification that reads it."""
    write_zip(folder / "ibm" / f"{day}_trade.zip", trades)
    write_zip(folder / "ibm" / f"{day}_quote.zip", quotes)
    return f"lean:{folder}"


def sides(quote: object) -> tuple[int, int, int, int]:
    return (quote.bid_price_e8, quote.bid_quantity, quote.ask_price_e8, quote.ask_quantity)  # type: ignore[attr-defined]


def test_a_trade_is_read_with_all_its_fields(tmp_path: Path) -> None:
    [trade] = read(ibm(tmp_path, trades=f"{OPENING_MS},1815200,283,P,20002020,1\r\n"))
    assert trade.to_dict() | {"event_id": b""} == {
        **type(trade)().to_dict(),
        "event_id": b"",
        "sequence": 1,
        "event_time_ns": OPENING_2013_10_07,
        "symbol": "IBM",
        "venue": "P",
        "feed": "lean",
        "kind": "TRADE",
        "price": trade.to_dict()["price"],
        "quantity": 283,
        "conditions": "20002020",
        "suspicious": True,
    }
    assert trade.price_e8 == 181_52_000_000


def test_times_follow_new_yorks_clock_in_summer_and_winter(tmp_path: Path) -> None:
    line = f"{OPENING_MS},1815200,283,P,0,0\n"
    ibm(tmp_path, trades=line)
    trades = read(ibm(tmp_path, trades=line, day="20131202"))
    assert [trade.event_time_ns for trade in trades] == [OPENING_2013_10_07, OPENING_2013_12_02]


def test_both_lines_of_a_pair_carry_the_whole_national_quote(tmp_path: Path) -> None:
    lines = f"{OPENING_MS},1800000,3,0,0,K,1,0\n{OPENING_MS},0,0,1801000,2,N,1,0\n"
    quotes = read(ibm(tmp_path, quotes=lines))
    assert [sides(quote) for quote in quotes] == [(18_000_000_000, 3, 18_010_000_000, 2)] * 2
    assert {(quote.kind, quote.venue, quote.conditions) for quote in quotes} == {(QUOTE, "SIP", "1")}


def test_a_single_line_leaves_the_other_side_as_it_was(tmp_path: Path) -> None:
    lines = "1000,0,0,1801000,2,N,1,0\n2000,1800000,3,0,0,K,1,0\n3000,0,0,1802000,5,N,1,0\n"
    quotes = read(ibm(tmp_path, quotes=lines))
    assert [sides(quote) for quote in quotes] == [
        (0, 0, 18_010_000_000, 2),
        (18_000_000_000, 3, 18_010_000_000, 2),
        (18_000_000_000, 3, 18_020_000_000, 5),
    ]


def test_a_suspicious_side_is_not_carried_on(tmp_path: Path) -> None:
    lines = "1,1800000,3,0,0,K,1,0\n1,0,0,9901000,2,N,1,1\n2,1800100,4,0,0,K,1,0\n"
    quotes = read(ibm(tmp_path, quotes=lines))
    assert [quote.suspicious for quote in quotes] == [False, True, False]
    assert sides(quotes[2]) == (18_001_000_000, 4, 0, 0)


def test_symbols_and_files_are_merged_by_time_and_ties_are_always_broken_alike(tmp_path: Path) -> None:
    specification = ibm(tmp_path, "5,1000000,1,N,0,0\n7,1000000,2,N,0,0\n", "5,1000000,1,0,0,N,1,0\n")
    write_zip(tmp_path / "bac" / "20131007_trade.zip", "5,100000,1,N,0,0\n6,100000,2,N,0,0\n")
    records = read(specification)
    assert [(record.kind, record.symbol) for record in records] == [
        (QUOTE, "IBM"),
        (TRADE, "BAC"),
        (TRADE, "IBM"),
        (TRADE, "BAC"),
        (TRADE, "IBM"),
    ]
    assert [record.sequence for record in records] == [1, 2, 3, 4, 5]
    assert data_of(read(specification)) == data_of(records)


def test_days_follow_one_another_and_can_be_chosen(tmp_path: Path) -> None:
    ibm(tmp_path, "5,1000000,1,N,0,0\n", day="20131008")
    ibm(tmp_path, "9,1000000,1,N,0,0\n", day="20131007")
    times = [record.event_time_ns for record in read(f"lean:{tmp_path}")]
    assert times == sorted(times)
    assert [record.event_time_ns for record in read(f"lean:{tmp_path}?days=2013-10-08")] == times[1:]


def test_symbols_can_be_chosen_and_a_symbols_own_folder_named(tmp_path: Path) -> None:
    ibm(tmp_path, "5,1000000,1,N,0,0\n")
    write_zip(tmp_path / "bac" / "20131007_trade.zip", "5,100000,1,N,0,0\n")
    assert {record.symbol for record in read(f"lean:{tmp_path}?symbols=bac")} == {"BAC"}
    assert {record.symbol for record in read(f"lean:{tmp_path}/ibm")} == {"IBM"}


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("7,1000000,1,N,0", "a trade has 6 fields, not 5"),
        ("x,1000000,1,N,0,0", "'x' is no whole number"),
        ("-1,1000000,1,N,0,0", "the time '-1' is not within a day of milliseconds"),
        ("86400000,1000000,1,N,0,0", "the time '86400000' is not within a day of milliseconds"),
        ("7,12.5,1,N,0,0", "'12.5' is no whole number"),
        ("7,99999999999999,1,N,0,0", "the price '99999999999999' is too large"),
        ("7,1000000,1,,0,0", "the exchange '' is no exchange code"),
        ("7,1000000,1,N,xyz,0", "the conditions 'xyz' are no hexadecimal number"),
        ("7,1000000,1,N,0,2", "'2' is neither 0 nor 1"),
        ("", "a trade has 6 fields, not 1"),
    ],
)
def test_a_malformed_line_becomes_a_dead_letter_in_its_place(tmp_path: Path, line: str, fact: str) -> None:
    good = "{},1000000,1,N,0,0\n"
    first, letter, last = read(ibm(tmp_path, good.format(5) + line + "\n" + good.format(9)))
    assert (first.sequence, letter.sequence, last.sequence) == (1, 2, 3)
    assert letter.event_time_ns == first.event_time_ns
    assert (letter.source, letter.place, letter.error, letter.message, letter.schema_id, letter.raw) == (
        "market",
        "ibm/20131007_trade.zip:2",
        "ValueError",
        fact,
        -1,
        line.encode(),
    )


def test_a_malformed_quote_does_not_change_the_quote(tmp_path: Path) -> None:
    lines = "5,1800000,3,0,0,K,1,0\n5,0,0,x,2,N,1,0\n6,0,0,1801000,2,N,1,0\n"
    first, letter, last = read(ibm(tmp_path, quotes=lines))
    assert (sides(first), letter.place) == ((18_000_000_000, 3, 0, 0), "ibm/20131007_quote.zip:2")
    assert sides(last) == (18_000_000_000, 3, 18_010_000_000, 2)


def test_any_position_gives_the_same_rest(tmp_path: Path) -> None:
    trades = "".join(f"{number * 3},1000000,{number},N,0,0\n" for number in range(1, 6_000))
    quotes = "".join(f"{number * 2},1800000,{number},0,0,K,1,0\nbad\n" for number in range(1, 4_000))
    ibm(tmp_path, trades, quotes, day="20131008")
    assert rests_differ(ibm(tmp_path, trades, quotes)) == []


def test_a_position_is_refused_once_its_files_have_changed(tmp_path: Path) -> None:
    specification = ibm(tmp_path, "5,1000000,1,N,0,0\n")
    position = batches_of(open_source(specification, "market"))[0].position
    ibm(tmp_path, "5,1000000,1,N,0,0\n6,1000000,1,N,0,0\n")
    with pytest.raises(InputFault, match="20131007: the files have changed"):
        open_source(specification, "market").open(position)


def test_a_position_is_refused_once_its_day_is_gone(tmp_path: Path) -> None:
    specification = ibm(tmp_path, "5,1000000,1,N,0,0\n")
    position = batches_of(open_source(specification, "market"))[0].position
    with pytest.raises(InputFault, match="20131006: the source has it no more"):
        open_source(specification, "market").open({**position, "day": "20131006"})


def test_a_truncated_archive_is_refused_and_named(tmp_path: Path) -> None:
    specification = ibm(tmp_path, "5,1000000,1,N,0,0\n" * 1000)
    archive = tmp_path / "ibm" / "20131007_trade.zip"
    archive.write_bytes(archive.read_bytes()[:-30])
    with pytest.raises(InputFault, match=r"20131007_trade\.zip: the archive is damaged or cut short"):
        read(specification)


def test_the_number_of_records_is_estimated(tmp_path: Path) -> None:
    source = open_source(ibm(tmp_path, "5,1000000,1,N,0,0\n" * 10_000), "market")
    assert source.expected_records() == 10_000


def test_all_lines_of_a_real_day_are_read(market_data_folder: Path) -> None:
    folder = market_data_folder / "lean/Data/equity/usa/tick"
    records = read(f"lean:{folder}?symbols=IBM&days=20131007")
    assert Counter(record.kind for record in records) == {QUOTE: 109_067, TRADE: 24_293}
    assert [record.sequence for record in records] == list(range(1, 133_361))
    assert len({record.event_id_hi for record in records}) == len(records)


def test_the_real_national_quote_is_hardly_ever_crossed(market_data_folder: Path) -> None:
    folder = market_data_folder / "lean/Data/equity/usa/tick"
    quotes = [quote for quote in read(f"lean:{folder}/ibm?days=20131007") if quote.kind == QUOTE]
    crossed = [quote for quote in quotes if 0 < quote.ask_price_e8 < quote.bid_price_e8]
    assert len(crossed) < len(quotes) // 1000


def test_a_real_day_goes_on_from_any_position(market_data_folder: Path) -> None:
    folder = market_data_folder / "lean/Data/equity/usa/tick"
    assert rests_differ(f"lean:{folder}/ibm?days=20131011", every=12) == []


def test_the_same_records_come_under_another_name_with_other_ids(tmp_path: Path) -> None:
    specification = ibm(tmp_path, "5,1000000,1,N,0,0\n")
    here = records_of(batches_of(open_source(specification, "here")))
    there = records_of(batches_of(open_source(specification, "there")))
    assert here[0].event_id_hi != there[0].event_id_hi
    assert here[0].event_id_hi & 0xFF_FFFF_FFFF == there[0].event_id_hi & 0xFF_FFFF_FFFF == 1
