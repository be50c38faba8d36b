from __future__ import annotations

from pathlib import Path

import pytest

from dataflow.ports import InputFault
from jobs.feeds.open_source import open_source
from schemas.generated.events import ACCOUNT_KIND_CASH, AccountChanged, KillSwitchChanged
from tests.feeds.reading import batches_of, read, write_text

ACCOUNTS = """
records:
  - event_time_ns: 2026-11-20T08:00:00Z
    account: A1
    account_kind: CASH
    cash: 10000.01
  - {schema: KillSwitchChanged, event_time_ns: 2026-11-20T15:00:00.5Z, scope: ACCOUNT, account: A1, state: HALTED}
"""


def test_records_are_read_as_people_write_them(tmp_path: Path) -> None:
    terms, switch = read(f"accounts:{write_text(tmp_path / 'accounts.yaml', ACCOUNTS)}", "accounts")
    assert isinstance(terms, AccountChanged)
    assert (terms.account, terms.account_kind, terms.cash_e8) == ("A1", ACCOUNT_KIND_CASH, 1_000_001_000_000)
    assert isinstance(switch, KillSwitchChanged)
    assert (switch.sequence, switch.event_time_ns) == (2, 1_795_186_800_500_000_000)


@pytest.mark.parametrize("kind", ["reference_data", "accounts", "order_flow"])
def test_each_source_of_orders_reads_a_file_of_its_own_records(tmp_path: Path, kind: str) -> None:
    text = "records: [{event_time_ns: 2026-11-20T08:00:00Z}]"
    (record,) = read(f"{kind}:{write_text(tmp_path / 'records.yaml', text)}")
    assert type(record).__name__ in ("InstrumentChanged", "AccountChanged", "OrderPlaced")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("records: [{account: A1}]", "records[0]: has no event_time_ns"),
        ("records: [{event_time_ns: 1, acount: A1}]", "AccountChanged has no field 'acount'"),
        ("records: [{event_time_ns: 1, cash: much}]", "records[0]"),
        ("records: [{schema: OrderPlaced, event_time_ns: 1}]", "the source holds no 'OrderPlaced'"),
        ("records: [A1]", "write a mapping of its fields"),
        ("records: A1", "write a list"),
        ("accounts: []", "records"),
        ("records: [", "YAML"),
    ],
)
def test_a_file_with_faults_is_refused_with_their_places(tmp_path: Path, text: str, fact: str) -> None:
    with pytest.raises(InputFault) as fault:
        read(f"accounts:{write_text(tmp_path / 'accounts.yaml', text)}")
    assert fact in str(fault.value)
    assert "accounts.yaml:1:" in str(fault.value)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"accounts: accounts\.csv: is no \.yaml"):
        open_source("accounts:accounts.csv", "accounts")


def test_a_file_that_has_changed_is_not_read_on(tmp_path: Path) -> None:
    path = write_text(tmp_path / "accounts.yaml", ACCOUNTS)
    position = batches_of(open_source(f"accounts:{path}", "accounts"))[0].position
    write_text(path, "records: []")
    with pytest.raises(InputFault, match="has 0 records, not 2"):
        batches_of(open_source(f"accounts:{path}", "accounts"), position)
