"""Faults of the directory that checkpoints are in: full, read-only, torn, gone."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.chaos.kafka_faults import (
    GOES_ON_S,
    End,
    Fault,
    Unexpected,
    begin,
    must_have_said,
    must_stop,
    working,
)
from tests.chaos.kafka_world import World

ROOM_BYTES: Final = 150_000
"""What a disk that is nearly full has left."""
PAGE: Final = 4_096


def can_mount() -> bool:
    """Whether disks of a chosen size can be made here."""
    return os.geteuid() == 0 and shutil.which("mount") is not None


@contextmanager
def disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk in memory, of so many bytes."""
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True, capture_output=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)
        folder.rmdir()


def size_of(folder: Path) -> int:
    return sum(-(-path.stat().st_size // PAGE) * PAGE + PAGE for path in folder.rglob("*"))


def disk_full(world: World, chosen: random.Random) -> End:
    """The life says so and ends; with the disk it had before, the next goes on."""
    if not world.data.exists():
        return End.TOO_LATE
    real = world.data
    with disk(world.folder / "small", size_of(real) + chosen.randint(PAGE, ROOM_BYTES)) as small:
        world.data = small / "data"
        try:
            shutil.copytree(real, world.data)
            life = world.live()
            code = life.end(GOES_ON_S)
            if code == 0:
                return End.TOO_LATE
            must_stop(life, "the disk is full")
        finally:
            world.data = real
    return End.DONE


def disk_read_only(world: World, chosen: random.Random) -> End:
    """The next life finds its disk read-only; the one after that does not."""
    if not world.data.exists():
        return End.TOO_LATE
    real = world.data
    with disk(world.folder / "failing", size_of(real) + (64 << 20)) as failing:
        world.data = failing / "data"
        try:
            shutil.copytree(real, world.data)
            subprocess.run(["mount", "-o", "remount,ro", str(failing)], check=True, capture_output=True)
            must_stop(world.live(), "read-only")
        finally:
            world.data = real
    return End.DONE


def write_denied(world: World, chosen: random.Random) -> End:
    """The directory takes no new file from a life that runs: it says so and ends."""
    life = begin(world)
    if life is None:
        return End.TOO_LATE
    folder = world.data / "checkpoints"
    if not folder.exists():
        life.kill()
        return End.TOO_LATE
    subprocess.run(["chattr", "+i", str(folder)], check=True, capture_output=True)
    try:
        must_stop(life, "permission denied")
    finally:
        subprocess.run(["chattr", "-i", str(folder)], check=True, capture_output=True)
    return End.DONE


def can_deny(folder: Path) -> bool:
    """Whether a directory can be made to take no file."""
    return shutil.which("chattr") is not None and _changed(folder, "+i") and _changed(folder, "-i")


def _changed(folder: Path, flag: str) -> bool:
    return subprocess.run(["chattr", flag, str(folder)], check=False, capture_output=True).returncode == 0


def torn(world: World, chosen: random.Random) -> End:
    """The newest state file is cut short, or the newest manifest: the checkpoint before it is taken."""
    life = begin(world)
    if life is None:
        return End.TOO_LATE
    deadline = time.monotonic() + GOES_ON_S
    while len(list((world.data / "checkpoints").glob("checkpoint-*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    life.kill()
    names = sorted(path.name for path in (world.data / "checkpoints").glob("checkpoint-*.json"))
    if not names:
        return End.TOO_LATE
    number = names[-1].removeprefix("checkpoint-").removesuffix(".json")
    kind = chosen.choice(["checkpoint", "state"])
    path = next((world.data / "checkpoints").glob(f"{kind}-{number}.*"))
    os.truncate(path, chosen.randrange(path.stat().st_size))
    again = working(world, world.live())
    if again is None:
        return End.TOO_LATE
    must_have_said(again, "passed over")
    again.kill()
    return End.DONE


def gone(world: World, chosen: random.Random) -> End:
    """Nothing is left of the machine: another one does all turns again."""
    life = begin(world)
    if life is None:
        return End.TOO_LATE
    life.kill()
    shutil.rmtree(world.data)
    again = working(world, world.live())
    if again is not None:
        again.kill()
    return End.DONE


def stopped(world: World, chosen: random.Random) -> End:
    """No fault at all: SIGTERM."""
    life = begin(world)
    if life is None:
        return End.TOO_LATE
    life.send(signal.SIGTERM)
    code = life.end(GOES_ON_S)
    if code != 0:
        life.kill()
        raise Unexpected(f"SIGTERM should have ended the life with 0; {code}: {life.said()}")
    return End.DONE


def disk_faults(folder: Path) -> list[Fault]:
    """Those that can be made in such a folder."""
    full = Fault("checkpoint directory full", disk_full, "the life says so and ends with 1")
    read_only = Fault(
        "checkpoint directory read-only from the start", disk_read_only, "the life says so and ends with 1"
    )
    denied = Fault("checkpoint directory read-only in mid-run", write_denied, "the life says so and ends with 1")
    return [
        *((full, read_only) if can_mount() else ()),
        *((denied,) if can_deny(folder) else ()),
        Fault("newest checkpoint truncated", torn, "the next life says so and takes the one before"),
        Fault("all checkpoints gone", gone, "the next life does every turn again"),
        Fault("SIGTERM", stopped, "the life ends with 0"),
    ]
