"""What each source reads, by pipelines.yaml and by what the user says instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dataflow.load import load_graph
from dataflow.ports import InputFault
from jobs.catalog import catalog
from jobs.feeds.specification import parse_specification
from jobs.matched_sources import NONE, matched_specifications, open_matched

NAMES = ("market", "alert-rules", "reference-data", "accounts", "orders")
PIPELINES = Path("pipelines.yaml")
ORDER_PARAMETERS = re.compile(r"(uses: order_flow\n(?: {4}.*\n)*? {4}parameters:)(?:\n {6}.*)+")
ORDERS = ("reference-data", "accounts", "orders")


def read(*given: str, pipelines: Path = PIPELINES) -> dict[str, str]:
    graph = load_graph(pipelines, catalog(), "default", {})
    return matched_specifications(graph, NAMES, given)


def options(text: str) -> dict[str, str]:
    return parse_specification(text, ("simulator", "reference_data", "accounts", "order_flow")).options


def test_orders_are_those_of_the_declared_market() -> None:
    found = read()
    market = options(found["market"])
    assert [options(found[name])["seed"] for name in ORDERS] == [market["seed"]] * 3
    assert options(found["orders"])["orders"] == "100000"


def test_another_simulated_market_takes_its_orders_along() -> None:
    found = read("simulator:seed=7,symbols=50")
    assert [options(found[name])["seed"] for name in ORDERS] == ["7"] * 3
    assert [options(found[name])["symbols"] for name in ORDERS] == ["50"] * 3
    assert ["events" in options(found[name]) for name in ("market", *ORDERS)] == [False] * 4


def test_accounts_have_money_for_the_orders_that_the_user_asks_for() -> None:
    found = read("orders=order_flow:orders=5,accounts=3")
    assert (options(found["accounts"])["accounts"], options(found["accounts"])["orders"]) == ("3", "5")


def test_in_a_market_that_is_not_simulated_nobody_sends_orders() -> None:
    found = read("csv:ticks.csv")
    assert [found[name] for name in ORDERS] == [NONE] * 3


def test_orders_that_the_user_names_are_read_in_any_market() -> None:
    found = read("csv:ticks.csv", "orders=order_flow:orders=5")
    assert found["orders"].startswith("order_flow:orders=5")
    assert found["accounts"] == NONE


def test_files_of_orders_that_pipelines_yaml_names_are_read_in_any_market(tmp_path: Path) -> None:
    own = tmp_path / "pipelines.yaml"
    own.write_text(ORDER_PARAMETERS.sub(r"\1 {file: mine.yaml}", PIPELINES.read_text()))
    assert read("csv:ticks.csv", pipelines=own)["orders"] == "order_flow:mine.yaml"


def test_the_user_may_leave_the_orders_out() -> None:
    found = read("orders=none")
    assert (found["orders"], found["market"].partition(":")[0]) == (NONE, "simulator")


def test_a_source_of_nothing_has_no_records() -> None:
    source = open_matched(NONE, "orders")
    source.open(None)
    assert (source.read(), source.expected_records()) == (None, 0)


def test_an_unknown_source_is_named() -> None:
    with pytest.raises(InputFault, match="there is no source 'moon'"):
        read("moon=lean:x")
