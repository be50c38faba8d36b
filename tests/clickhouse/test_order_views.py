"""What the views of orders say is what the topic logs say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from jobs.cli import main

MARKET = "market=simulator:seed=2,symbols=3,events=3000"
FLOW = ("--source", MARKET, "--source", "orders=order_flow:orders=600,accounts=9")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views") / "data"
    done = CliRunner().invoke(main, ("run", "--data", str(folder), "--quiet", *FLOW))
    assert done.exit_code == 0, done.stderr
    return folder


def asked(data: Path, query: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(main, ("query", query, "--data", str(data), "--format", "json"))
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def logged(data: Path) -> list[dict[str, Any]]:
    done = CliRunner().invoke(main, ("orders", "--data", str(data), "-n", "10000", "--json"))
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_view_of_orders_tells_where_every_accepted_order_stands(data: Path) -> None:
    columns = "account, order_id, symbol, side, order_type, time_in_force, quantity, state, filled_quantity"
    rows = asked(data, f"SELECT {columns} FROM orders")
    expected = [{name: order[name] for name in rows[0]} for order in logged(data) if order["state"] != "REJECTED"]
    assert sorted(rows, key=str) == sorted(expected, key=str)


def test_prices_and_charges_of_the_view_are_those_of_the_fills(data: Path) -> None:
    rows = asked(data, "SELECT sum(filled_quantity * average_price) AS worth, sum(charges) AS charges FROM orders")
    fills = asked(
        data,
        "SELECT sum(quantity * price) AS worth, sum(commission + section_31_fee + taf_fee + venue_fee) AS charges "
        "FROM trade_events_order_executed",
    )
    assert float(rows[0]["worth"]) == pytest.approx(float(fills[0]["worth"]), abs=0.01)
    assert rows[0]["charges"] == fills[0]["charges"]


def test_rejects_by_reason_count_every_refused_request(data: Path) -> None:
    counted = asked(data, "SELECT sum(requests) AS n FROM order_rejects_by_reason WHERE request = 'ORDER'")
    assert int(counted[0]["n"]) == sum(order["state"] == "REJECTED" for order in logged(data))


def test_executions_count_each_share_once_on_either_side(data: Path) -> None:
    (row,) = asked(
        data,
        "SELECT sum(shares) AS shares, sum(bought_by_accounts) AS bought, sum(sold_by_accounts) AS sold, "
        "sum(with_the_market) AS outside FROM executions_by_symbol",
    )
    assert int(row["bought"]) + int(row["sold"]) + int(row["outside"]) == 2 * int(row["shares"])


def test_fill_rates_add_up_to_all_orders(data: Path) -> None:
    (row,) = asked(
        data,
        "SELECT sum(orders) AS orders, sum(filled) + sum(cancelled) + sum(expired) + sum(open) AS ended "
        "FROM fill_rates",
    )
    assert row["orders"] == row["ended"]
