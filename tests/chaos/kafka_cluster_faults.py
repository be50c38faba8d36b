"""Faults of what the job talks to, and of who else runs: broker, connection, registry, a second instance."""

from __future__ import annotations

import random
import signal
import time
from typing import Final

from tests.chaos.kafka_faults import (
    ARRIVAL,
    GOES_ON_S,
    End,
    Fault,
    begin,
    must_go_on,
    must_have_said,
    must_stop,
    working,
)
from tests.chaos.kafka_proxy import CuttingProxy
from tests.chaos.kafka_world import World

SHORT_MS: Final = 1_500
"""Transaction timeout of a life that will oversleep it."""
OVERSLEPT_S: Final = 3.0
CUTS: Final = 4
HEARD: Final = "before-commit"
"""Where the broker is sure to know of the open transaction: one that it has not heard of yet it does not end."""
TAKEN_OVER: Final = "has taken over"


def broker_killed(world: World, chosen: random.Random) -> End:
    life = begin(world)
    if life is None:
        return End.TOO_LATE
    world.broker.kill()
    time.sleep(chosen.uniform(0, 1))
    world.broker.start()
    must_go_on(world, life)
    life.kill()
    return End.DONE


def overslept(world: World, chosen: random.Random) -> End:
    """Stopped in an open transaction until the broker has ended it; then it goes on from its checkpoint."""
    with world.with_timeout(SHORT_MS):
        life = world.live(f"{HEARD}:{chosen.randint(2, 12)}:STOP")
    deadline = time.monotonic() + GOES_ON_S
    while life.lives() and not life.is_stopped() and time.monotonic() < deadline:
        time.sleep(0.02)
    if life.end(0) == 0:
        return End.TOO_LATE
    time.sleep(OVERSLEPT_S)
    life.send(signal.SIGCONT)
    must_go_on(world, life)
    must_have_said(life, "interrupted")
    life.kill()
    return End.DONE


def two_instances(world: World, chosen: random.Random) -> End:
    """The second, on another machine, goes on; the first says so and ends."""
    first = begin(world)
    if first is None:
        return End.TOO_LATE
    world.data = world.another_data()
    second = world.live()
    must_stop(first, TAKEN_OVER)
    must_go_on(world, second)
    second.kill()
    return End.DONE


def standby_takes_over(world: World, chosen: random.Random) -> End:
    first = begin(world)
    if first is None:
        return End.TOO_LATE
    world.data = world.another_data()
    second = world.live("", "--standby")
    must_go_on(world, first, chosen.randint(4, 40))
    first.kill()
    must_go_on(world, second)
    second.kill()
    return End.DONE


def connection_cut(world: World, chosen: random.Random) -> End:
    """Cut where a produce may be half on its way, several times."""
    proxy = CuttingProxy(world.broker.proxied, world.broker.behind)
    host, port = world.broker.proxied
    direct, world.brokers = world.brokers, f"{host}:{port}"
    try:
        life = begin(world)
        if life is None:
            return End.TOO_LATE
        proxy.cut_after([chosen.randint(500, 20_000) for _ in range(CUTS)])
        deadline = time.monotonic() + GOES_ON_S
        while proxy.cuts < CUTS and life.lives() and time.monotonic() < deadline:
            time.sleep(0.02)
        must_go_on(world, life)
        life.kill()
        return End.DONE if proxy.cuts else End.TOO_LATE
    finally:
        world.brokers = direct
        proxy.close()


def registry_down(world: World, chosen: random.Random) -> End:
    """A job that runs goes on; one that starts says what is away, and ends."""
    assert world.registry is not None
    life = begin(world)
    if life is None:
        return End.TOO_LATE
    world.registry.kill()
    must_go_on(world, life, 3 * CUTS)
    life.kill()
    must_stop(world.live(), "Schema Registry")
    world.registry.start()
    again = working(world, world.live())
    if again is not None:
        again.kill()
    return End.DONE


def feed_killed(world: World, chosen: random.Random) -> End:
    """The feed is killed too, twice, and goes on beside the job."""
    life = begin(world)
    if life is None:
        return End.TOO_LATE
    assert world.feeding is not None
    world.feeding.kill()
    place = chosen.choice(["between-produces", "before-commit", "after-commit", "after-manifest"])
    world.start_feed(f"{place}:{chosen.randint(1, 20)}").end(GOES_ON_S)
    world.feeding.kill()
    world.start_feed()
    must_go_on(world, life)
    life.kill()
    return End.DONE


CLUSTER_FAULTS: Final = (
    Fault("SIGKILL of the broker, and its restart", broker_killed, "the same life goes on"),
    Fault("SIGSTOP beyond the transaction's timeout", overslept, "the same life begins again from its checkpoint"),
    Fault("two instances at once", two_instances, "the first says that it was taken over and ends with 1"),
    Fault("SIGKILL beside a standby", standby_takes_over, "the standby goes on", ARRIVAL),
    Fault("connection cut in the middle of a produce", connection_cut, "the same life goes on"),
    Fault("SIGKILL of the feed, beside the job", feed_killed, "the next feed goes on", ARRIVAL),
    Fault(
        "registry down",
        registry_down,
        "a life that runs goes on; one that starts says so and ends with 1",
        ARRIVAL,
        True,
    ),
)
