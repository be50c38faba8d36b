"""Brings a run that was restored from a checkpoint up to the last transaction that was committed.

Theory of operation. A checkpoint lies at the end of a transaction; those after it are in the ledger. Where inputs are
taken as they arrive, their turns are done again in silence: nothing of it goes out, and the totals of all streams must
be what they were. Of streams that linger, what is not visible yet goes out now. Where inputs are taken in the order of
event time, what is visible already is left out by its number, and nothing need be done again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dataflow.engines.embedded.channels import Channel
from dataflow.engines.embedded.intake import ArrivalIntake, Intake
from dataflow.engines.embedded.outbox import Outbox
from dataflow.ports import InputFault, Ledger, Transaction


@dataclass(frozen=True, slots=True)
class Standby:
    """How a standby waits."""

    silence_s: float
    """It takes over when the other instance has been silent for so long."""
    caught_up: Callable[[], None]
    """Called again and again while it has done all that the other instance has committed."""


class CatchUp:
    """`posted` are the streams that a ledger makes visible; `hand_over` gives the other sinks what has gathered."""

    def __init__(
        self, ledger: Ledger, intake: Intake, posted: list[tuple[Channel, Outbox]], hand_over: Callable[[], None]
    ) -> None:
        self.ledger = ledger
        self.intake = intake
        self.posted = posted
        self.hand_over = hand_over
        self.repeats = isinstance(intake, ArrivalIntake)
        self.repeated = 0
        """Records that were taken in again."""
        self.lingering = ledger.visible().keys()
        for channel, outbox in posted:
            outbox.silence = self.repeats and channel.name not in self.lingering

    def follow(self, position: Any, standby: Standby, is_stopped: Callable[[], bool]) -> bool:
        """As a standby: do what the other instance does, until it is gone. False where it was stopped before."""
        for transaction in self.ledger.follow(position, standby.silence_s):
            if transaction is not None:
                self._repeat(transaction)
            else:
                standby.caught_up()
            if is_stopped():
                return False
        self.ledger.open(None)
        return True

    def finish(self) -> None:
        """Do the rest; afterwards what comes is new. Raises InputFault."""
        visible = self.ledger.visible()
        for channel, outbox in self.posted:
            outbox.visible = max(outbox.visible, visible.get(channel.name, 0))
        for transaction in self.ledger.recover():
            self._repeat(transaction)
        for _, outbox in self.posted:
            outbox.silence = False

    def _repeat(self, transaction: Transaction) -> None:
        for turn in transaction.turns if self.repeats else ():
            self.intake.repeat(turn)
            self.repeated += turn.records()
            self.hand_over()
        self._hold()
        for channel, outbox in self.posted:
            total = transaction.totals.get(channel.name, 0)
            if channel.name not in self.lingering:
                outbox.visible = max(outbox.visible, total)
            if self.repeats and channel.total != total:
                fact = f"{channel.name} has {channel.total} records after it, and had {total} then"
                raise InputFault(
                    f"doing transaction {transaction.number} again gave something else: {fact}\n"
                    "    was an input changed, or the program? Resume with the program that wrote the checkpoint"
                )

    def _hold(self) -> None:
        """Give the ledger what lingers of the turns that were done again."""
        waiting = [(channel, outbox) for channel, outbox in self.posted if outbox.values]
        if waiting:
            totals = {channel.name: channel.total for channel, _ in waiting}
            self.ledger.hold([outbox.take() for _, outbox in waiting], totals)
