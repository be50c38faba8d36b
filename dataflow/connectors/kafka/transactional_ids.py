"""Takes a transactional id, without librdkafka's half a second of waiting.

Theory of operation. Where the instance that is shut out has left a transaction open, the broker ends that first and
tells the successor to ask again. A few milliseconds later it is done, but librdkafka (2.16) asks again after half a
second, whatever `retry.backoff.ms` says. A new client asks at once. The one before it has been answered and has no
request under way, so it cannot shut out the new one. Its log is the only place where librdkafka says that it was
refused; if some day it says so in other words, the half second is back, and nothing else changes.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from confluent_kafka import KafkaException, Producer

REFUSED: Final = "Failed to acquire transactional PID"
WARNINGS: Final = 4
"""Of syslog's levels, as librdkafka counts them."""
LOOK_S: Final = 0.01
"""How often to look whether it was refused."""
AGAIN_S: Final = 0.005
AGAIN_S_MAX: Final = 0.5
"""How long to wait before a new client asks; doubled each time."""


class Claimant:
    """The producer that takes an id; `take` may put a new one in its place."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.producer, self.refusals = _client(config)

    def take(self, patience_s: float) -> None:
        """Whoever had the id is shut out, and its open transaction ended. Raises KafkaException."""
        deadline, again_s = time.monotonic() + patience_s, AGAIN_S
        while not self._is_taken(deadline):
            if self.refusals.heard:
                del self.producer  # before another is made: it would ask again
                time.sleep(again_s)
                again_s = min(2 * again_s, AGAIN_S_MAX)
                self.producer, self.refusals = _client(self.config)

    def _is_taken(self, deadline: float) -> bool:
        try:
            self.producer.init_transactions(LOOK_S)
        except KafkaException as failure:
            if not failure.args[0].retriable() or time.monotonic() > deadline:
                raise
            self.producer.poll(0)
            return False
        return True


class _Refusals(logging.Handler):
    """Hears the client's log."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = False

    def emit(self, record: logging.LogRecord) -> None:
        self.heard = self.heard or REFUSED in record.getMessage()


def _client(config: dict[str, Any]) -> tuple[Producer, _Refusals]:
    """With a log of its own that nobody else reads, and that goes with it: it is in no registry."""
    refusals, log = _Refusals(), logging.Logger("tapeline.kafka.claim")
    log.addHandler(refusals)
    return Producer({**config, "logger": log, "log_level": WARNINGS}), refusals
