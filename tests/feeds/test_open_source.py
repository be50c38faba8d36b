from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dataflow import graph
from dataflow.connectors.identity import source_prefix
from dataflow.ports import InputFault
from jobs.feeds.open_source import open_source, specification_of
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
