"""`tapeline orders` as its user meets it: one life, many orders, and orders that are not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataflow.connectors.log.sink import LogSink
from dataflow.graph import Graph
from dataflow.load import load_graph
from dataflow.storage import DirectoryStorage
from jobs.catalog import catalog
from jobs.cli import main
from schemas.generated.events import SIDE_BUY, OrderPlaced
from tests.log.streams import block

TREE = Path(__file__).parent.parent.parent
ENDS = ("FILLED", "EXPIRED", "CANCELLED")
MARKET = "market=simulator:seed=2,symbols=3,events=3000"
FLOW = ("--source", MARKET, "--source", "orders=order_flow:orders=600,accounts=9")


def tapeline(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("orders") / "data"
    done = tapeline("run", "--data", str(folder), "--without", "clickhouse", "--quiet", *FLOW)
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def listed(data: Path) -> list[dict[str, Any]]:
    """Every order of the run."""
    done = tapeline("orders", "--data", str(data), "-n", "1000", "--json")
    return [json.loads(line) for line in done.stdout.splitlines()]


def one_in(listed: list[dict[str, Any]], state: str) -> str:
    """An order in this state that has a name."""
    return str(next(order["order_id"] for order in listed if order["state"] == state and order["order_id"]))


def life(data: Path, order_id: str) -> dict[str, Any]:
    done = tapeline("orders", order_id, "--data", str(data), "--json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_list_shows_the_last_orders_and_counts_all_by_state(data: Path, listed: list[dict[str, Any]]) -> None:
    shown = tapeline("orders", "--data", str(data), "-n", "3").stdout
    assert f"3 of {len(listed)} orders: " in shown
    assert all(order["order_id"] in shown for order in listed[-3:])


def test_the_list_can_be_narrowed_to_a_state_and_an_account(data: Path, listed: list[dict[str, Any]]) -> None:
    account = next(order["account"] for order in listed if order["state"] == "FILLED")
    options = ("--state", "FILLED", "--account", account, "-n", "1000", "--json")
    found = [json.loads(line) for line in tapeline("orders", "--data", str(data), *options).stdout.splitlines()]
    assert found == [order for order in listed if (order["state"], order["account"]) == ("FILLED", account)]


def test_an_order_is_told_from_its_request_to_its_last_fill(data: Path, listed: list[dict[str, Any]]) -> None:
    order_id = one_in(listed, "FILLED")
    shown = tapeline("orders", order_id, "--data", str(data)).stdout
    for word in ("OrderPlaced", "VALIDATED → RISK_APPROVED", "→ FILLED", "New York", "UTC", "client", "# 1", "Fills"):
        assert word in shown


def test_each_state_follows_from_the_one_before(data: Path, listed: list[dict[str, Any]]) -> None:
    events = life(data, one_in(listed, "CANCELLED"))["events"]
    assert [event["from"] for event in events[1:]] == [event["to"] for event in events[:-1]]
    assert (events[0]["from"], events[-1]["to"]) == ("UNKNOWN", "CANCELLED")


def test_fills_and_trades_of_an_order_say_the_same(data: Path, listed: list[dict[str, Any]]) -> None:
    found = life(data, one_in(listed, "FILLED"))
    fills = [event["record"] for event in found["events"] if event["type"] == "OrderExecuted"]
    assert [fill["trade_id"] for fill in fills] == [trade["trade_id"] for trade in found["trades"]]
    assert sum(fill["quantity"] for fill in fills) == found["filled_quantity"] == found["quantity"]


def test_every_event_names_its_cause(data: Path, listed: list[dict[str, Any]]) -> None:
    events = [event["record"] for event in life(data, one_in(listed, "FILLED"))["events"]]
    assert set(events[0]["cause_id"]) == {"0"}
    assert events[1]["cause_id"] == events[0]["event_id"]


def test_the_one_life_and_the_list_agree(data: Path, listed: list[dict[str, Any]]) -> None:
    chosen = [
        next(order for order in listed if order["state"] == state) for state in ("FILLED", "EXPIRED", "CANCELLED")
    ]
    told = [life(data, order["order_id"]) for order in chosen]
    assert [{key: one[key] for key in order} for one, order in zip(told, chosen, strict=True)] == chosen


def test_an_unknown_order_is_named(data: Path) -> None:
    done = tapeline("orders", "no-such-order", "--data", str(data))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "holds no order 'no-such-order'" in done.stderr


def test_an_account_without_the_order_is_told_whose_it_is(data: Path, listed: list[dict[str, Any]]) -> None:
    done = tapeline("orders", one_in(listed, "FILLED"), "--account", "NOBODY", "--data", str(data))
    assert done.exit_code == 1
    assert "the account 'NOBODY' has no order" in done.stderr


def test_a_directory_without_logs_is_named(tmp_path: Path) -> None:
    done = tapeline("orders", "--data", str(tmp_path))
    assert done.exit_code == 1
    assert "holds no topic logs of orders" in done.stderr


def twin(account: str) -> OrderPlaced:
    return OrderPlaced(1_000, "A", account, "twin", SIDE_BUY, quantity=10)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph(TREE / "pipelines.yaml", catalog())


def test_an_id_that_two_accounts_use_must_be_told_apart(tmp_path: Path, graph: Graph) -> None:
    storage = DirectoryStorage(tmp_path)
    sink = LogSink(storage, [graph.streams["order-requests"]])
    sink.recover(None)
    sink.write(block(graph.streams["order-requests"], 0, [twin("ALICE"), twin("BOB")]))
    sink.prepare(1)
    done = tapeline("orders", "twin", "--data", str(tmp_path))
    assert "add --account: ALICE, BOB" in done.stderr
    assert "of ALICE: BUY 10 A" in tapeline("orders", "twin", "--account", "ALICE", "--data", str(tmp_path)).stdout
