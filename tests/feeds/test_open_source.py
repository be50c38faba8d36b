from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dataflow import graph
from dataflow.connectors.identity import source_prefix
from dataflow.ports import InputFault
from jobs.feeds.open_source import matching_rules, open_source, specification_of
from tests.feeds.reading import batches_of, data_of, read, records_of


def declared(uses: str, parameters: dict[str, Any]) -> graph.Source:
    return graph.Source("market", uses, "raw-market-data", 1000, 1000, parameters)


@pytest.mark.parametrize(
    ("specification", "fact", "remedy"),
    [
        ("simulater", "no source is called 'simulater'", "did you mean 'simulator'?"),
        ("", "no source is called ''", "there are: simulator, lean, lobster, csv, alert_rules"),
        ("/data/ticks.csv", "no source is called '/data/ticks.csv'", "there are:"),
        ("simulator:sed=3", "no option is called 'sed'", "did you mean 'seed'?"),
        ("simulator:7", "'7' is no option", "name=value"),
        ("simulator:seed=1,seed=2", "'seed' is given twice", "leave one"),
        ("simulator:seed=x", "seed is 'x', not a whole number from 0", "for example seed=1"),
        ("simulator:events=0", "events is '0', not a whole number from 1", "for example events=1000000"),
        ("simulator:symbols=200000", "from 1 to 100,000", "for example symbols=20"),
        ("simulator:date=20.11.2026", "'20.11.2026' is no date", "write it as 2026-11-20"),
        ("simulator:date=1066-10-14", "the year 1066 is outside", "choose another date"),
        ("simulator:date=2026-11-26", "2026-11-26 (Thursday): the New York exchanges do not trade", "2026-11-27"),
        ("simulator:date=2026-11-21", "(Saturday)", "2026-11-23"),
        ("lean:", "no folder is named", "lean:FOLDER"),
        ("lean:nowhere", "nowhere: no such folder", "check the path"),
        ("lean:EMPTY", "holds no YYYYMMDD_quote.zip or YYYYMMDD_trade.zip", "name Lean's tick folder"),
        ("lean:EMPTY?symbols=IBM", "no symbol IBM", "there are"),
        ("lean:EMPTY?symbol=IBM", "no option is called 'symbol'", "did you mean 'symbols'?"),
        ("lean:EMPTY?days=monday", "'monday' is no date", "write it as"),
        ("lobster", "no folder is named", "lobster:FOLDER"),
        ("lobster:nowhere", "nowhere: no such folder", "check the path"),
        ("lobster:EMPTY", "holds no *_message_*.csv", "name LOBSTER's folder"),
        ("csv:", "no file is named", "csv:FILE"),
        ("csv:nowhere.csv", "nowhere.csv: no such file", "check the path"),
        ("csv:EMPTY", "is a folder, not a file", "name a file in it"),
        ("csv:nowhere.csv?zone=Mars/Base", "no time zone is called 'Mars/Base'", "for example"),
        ("alert_rules:nowhere.yaml", "nowhere.yaml: no such file", "check the path"),
        ("order_flow:order=5", "no option is called 'order'", "did you mean 'orders'?"),
        ("order_flow:orders=0", "order_flow: orders is '0', not a whole number from 1", "for example orders=100000"),
        ("order_flow:accounts=20000000", "accounts is '20000000'", "for example accounts=1000"),
        ("order_flow:faults=1001", "faults is '1001', not a whole number from 0 to 1,000", "for example faults=10"),
        ("order_flow:cancels=700,replaces=300", "are more than 1,000 together", "leave some for other orders"),
        ("order_flow:date=2026-11-21", "(Saturday)", "2026-11-23"),
        ("order_flow:nowhere.csv", "nowhere.csv: is no .yaml", "name a file with `records:` in it"),
        ("accounts:switches=101", "switches is '101'", "for example switches=0"),
        ("accounts:symbol=5", "no option is called 'symbol'", "did you mean 'symbols'?"),
        ("reference_data:accounts=5", "no option is called 'accounts'", "there are: seed, symbols, events, date"),
        ("reference_data:seed=x", "reference_data: seed is 'x'", "for example seed=1"),
        ("lobster_orders:", "lobster_orders: no folder is named", "write lobster_orders:FOLDER"),
        ("lobster_orders:EMPTY", "holds no *_message_*.csv", "name LOBSTER's folder"),
    ],
)
def test_a_source_that_cannot_be_is_refused_with_fact_and_remedy(
    tmp_path: Path, specification: str, fact: str, remedy: str
) -> None:
    with pytest.raises(InputFault) as fault:
        read(specification.replace("EMPTY", str(tmp_path)))
    assert fact in str(fault.value)
    assert remedy in str(fault.value)
    assert len(str(fault.value).splitlines()) <= 2


@pytest.mark.parametrize(
    ("uses", "parameters", "specification"),
    [
        ("simulator", {"seed": 7, "date": date(2026, 11, 20)}, "simulator:seed=7,date=2026-11-20"),
        ("simulator", {}, "simulator"),
        ("lean", {"folder": "ticks", "symbols": ["IBM", "BAC"]}, "lean:ticks?symbols=IBM,BAC"),
        ("lobster", {"folder": "books"}, "lobster:books"),
        ("csv", {"file": "ticks.csv"}, "csv:ticks.csv"),
        ("alert_rules", {"file": ""}, "alert_rules:"),
        ("accounts", {"file": "", "seed": 7, "accounts": 10}, "accounts:seed=7,accounts=10"),
        ("accounts", {"file": "a.yaml", "seed": 7, "accounts": 10}, "accounts:a.yaml"),
        ("lobster_orders", {"folder": "books", "symbols": ""}, "lobster_orders:books?symbols="),
    ],
)
def test_a_declared_source_has_a_specification(uses: str, parameters: dict[str, Any], specification: str) -> None:
    assert specification_of(declared(uses, parameters)) == specification


def test_a_declaration_opens_what_its_specification_opens() -> None:
    source = declared("simulator", {"seed": 7, "events": 100})
    here = records_of(batches_of(open_source(source, "market")))
    assert data_of(here) == data_of(read(specification_of(source)))


def test_ids_are_the_sources_name_and_the_records_number() -> None:
    prefix = source_prefix("market")
    assert [record.event_id_hi - prefix for record in read("simulator:events=50")] == list(range(1, 51))
    assert 0 <= prefix < 1 << 62
    assert prefix % (1 << 40) == 0
    assert prefix != source_prefix("alert-rules")


def test_sources_of_the_simulated_market_are_about_the_one_there_is() -> None:
    given = {
        "market": "simulator:seed=7,symbols=50,bad_ticks=0",
        "reference-data": "reference_data:seed=1,symbols=20,events=1000000",
        "accounts": "accounts:symbols=20,accounts=10,orders=5,switches=2",
        "orders": "order_flow:date=2026-11-19,accounts=300,orders=900,faults=0",
    }
    assert matching_rules(given) == {
        "market": "simulator:seed=7,symbols=50,bad_ticks=0",
        "reference-data": "reference_data:seed=7,symbols=50",
        "accounts": "accounts:accounts=300,orders=900,seed=7,symbols=50,switches=2",
        "orders": "order_flow:seed=7,symbols=50,accounts=300,orders=900,faults=0",
    }


def test_sources_of_files_and_without_a_simulated_market_stay_as_they_are() -> None:
    given = {"market": "csv:ticks.csv", "orders": "order_flow:seed=2", "accounts": "accounts:a.yaml"}
    assert matching_rules(given) == {**given}
    assert matching_rules({"market": "simulator", "accounts": "accounts:a.yaml"})["accounts"] == "accounts:a.yaml"
