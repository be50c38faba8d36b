"""A real market's messages as orders: the book must trade as that market did."""

from __future__ import annotations

from pathlib import Path

from tests.reference.lobster_replay import Replay, read_messages

MESSAGES = "lobster/data/AAPL_2012-06-21_34200000_57600000_message_10.csv"


def test_executions_hit_the_resting_orders_they_hit_on_the_real_market(market_data_folder: Path) -> None:
    replay = Replay(read_messages(market_data_folder / MESSAGES))
    replay.run()
    assert replay.executions == 98
    assert replay.unlike == []


def test_a_replay_in_another_order_would_be_noticed(market_data_folder: Path) -> None:
    replay = Replay(read_messages(market_data_folder / MESSAGES)[::-1])
    replay.run()
    assert replay.unlike != []
