"""A real market's messages as orders: the book must trade as that market did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.feeds.reading import read
from tests.reference.lobster_replay import Exchange, executions_of

FOLDER = "lobster/data"
MESSAGES = f"{FOLDER}/AAPL_2012-06-21_34200000_57600000_message_10.csv"


def replayed(folder: Path, requests: list[Any]) -> Exchange:
    exchange = Exchange(read(f"lobster_instruments:{folder}") + read(f"lobster_accounts:{folder}"))
    for request in requests:
        exchange.carry(request)
    return exchange


def test_executions_hit_the_resting_orders_they_hit_on_the_real_market(market_data_folder: Path) -> None:
    exchange = replayed(market_data_folder / FOLDER, read(f"lobster_orders:{market_data_folder / FOLDER}?symbols=AAPL"))
    assert exchange.hit == executions_of(market_data_folder / MESSAGES)
    assert len(exchange.hit) == 98
    assert exchange.refused == []


def test_a_replay_in_another_order_would_be_noticed(market_data_folder: Path) -> None:
    requests = read(f"lobster_orders:{market_data_folder / FOLDER}?symbols=AAPL")
    assert replayed(market_data_folder / FOLDER, requests[::-1]).hit != executions_of(market_data_folder / MESSAGES)
