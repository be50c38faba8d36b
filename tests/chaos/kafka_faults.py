"""The faults of the matrix: what is done to one life of the job, and what must become of it.

Each fault begins with no life and ends with none. What it leaves in topics and checkpoints the next life goes on with.
"""

from __future__ import annotations

import enum
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.chaos.kafka_lives import Life
from tests.chaos.kafka_world import World

REACH_S: Final = 12.0
"""Within this a life comes to its point, or is killed where it is."""
GOES_ON: Final = 8
"""Messages in the turns topic that show that a life goes on: two each transaction, the first says who it is."""
GOES_ON_S: Final = 60.0
ANY: Final = ("arrival", "time")
ARRIVAL: Final = ("arrival",)


class End(enum.Enum):
    """What became of a fault."""

    DONE = "done"
    ELSEWHERE = "killed elsewhere"
    """The life did not come to the point in time; it was killed where it was."""
    TOO_LATE = "too late"
    """The input was used up before."""


Act = Callable[[World, random.Random], End]


class Unexpected(Exception):
    """A life did something else than the fault allows."""


@dataclass(frozen=True)
class Fault:
    """A row of the table."""

    name: str
    act: Act
    must: str
    """What must become of the life that it strikes."""
    orders: tuple[str, ...] = ANY
    """Ways of running it is for."""
    needs_registry: bool = False


@dataclass(frozen=True)
class Point:
    """A place in the program, and how often a life comes there before it is killed, at most."""

    place: str
    most: int
    within_us: int = 0
    """It is killed up to so long after it has come there."""

    def act(self, world: World, chosen: random.Random) -> End:
        delay = f"+{chosen.randrange(self.within_us)}" if self.within_us else ""
        life = world.live(f"{self.place}{delay}:{chosen.randint(1, self.most)}")
        code = life.end(REACH_S)
        if code == 0:
            return End.TOO_LATE
        if code is None:
            life.kill()
            return End.ELSEWHERE
        if code != -9:
            raise Unexpected(f"the life ended with {code}: {life.said()}")
        return End.DONE


POINTS: Final = {
    "SIGKILL after consume": Point("after-consume", 3),
    "SIGKILL inside an operator": Point("inside-operator", 1_500),
    "SIGKILL between produces": Point("between-produces", 120),
    "SIGKILL before offsets are sent": Point("before-offsets", 20),
    "SIGKILL after offsets are sent": Point("after-offsets", 20),
    "SIGKILL before commit": Point("before-commit", 20),
    "SIGKILL during commit": Point("before-commit", 20, within_us=5_000),
    "SIGKILL after commit": Point("after-commit", 20),
    "SIGKILL before streams that linger are committed": Point("lingering-before-commit", 3),
    "SIGKILL while streams that linger are committed": Point("lingering-before-commit", 3, within_us=5_000),
    "SIGKILL after streams that linger are committed": Point("lingering-after-commit", 3),
    "SIGKILL in the middle of a checkpoint's state file": Point("during-checkpoint", 6),
    "SIGKILL before a checkpoint's manifest": Point("before-manifest", 3),
    "SIGKILL after a checkpoint's manifest": Point("after-manifest", 3),
    "SIGKILL during recovery": Point("during-recovery", 2),
}


def point_faults() -> list[Fault]:
    return [Fault(name, point.act, "goes on in the next life") for name, point in POINTS.items()]


def must_go_on(world: World, life: Life, more: int = GOES_ON) -> None:
    """Raises Unexpected where the life does not commit any more; one that has used up its input need not."""
    if not world.wait_for_transactions(more, life, GOES_ON_S) and life.end(0) != 0:
        raise Unexpected(f"the life does not go on ({life.end(0)}): {life.said()}")


def must_stop(life: Life, words: str, timeout_s: float = GOES_ON_S) -> None:
    """Raises Unexpected where it does not end with code 1, saying these words on a line of its own."""
    code = life.end(timeout_s)
    life.kill()
    if code != 1 or words not in life.said() or "Traceback" in life.said():
        raise Unexpected(f"the life should have said {words!r} and ended with 1; {code}: {life.said()}")


def must_have_said(life: Life, words: str) -> None:
    deadline = time.monotonic() + REACH_S
    while words not in life.said() and time.monotonic() < deadline:
        time.sleep(0.05)
    if words not in life.said():
        raise Unexpected(f"the life should have said {words!r}: {life.said()!r}")


def begin(world: World, more: int = GOES_ON) -> Life | None:
    """A life in the middle of its work; None where it has used up its input before."""
    return working(world, world.live(), more)


def working(world: World, life: Life, more: int = GOES_ON) -> Life | None:
    if world.wait_for_transactions(more, life, GOES_ON_S):
        return life
    if life.end(0) == 0:
        return None
    said = life.said()
    life.kill()
    raise Unexpected(f"the life does not begin: {said}")
