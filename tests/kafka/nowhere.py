"""A ledger's surroundings without a broker."""

from __future__ import annotations

from typing import Any, Final

from dataflow.connectors.kafka.turns import TurnsTopic

NOWHERE: Final = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}


class NoTurns(TurnsTopic):
    """Nobody has committed yet."""

    def read(self, offset: int, at_least: int = 0) -> Any:
        return iter(())
