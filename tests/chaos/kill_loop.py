"""Runs `tapeline run` in a process, kills it again and again with SIGKILL, and goes on until it ends by itself.

As a program: `python tests/chaos/kill_loop.py --kills 50 --seed 1` compares with the undisturbed run and tells.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).parent.parent.parent
TABLES = (
    "analytics", "alerts", "market_data_rejects", "late_events", "order_events_order_accepted",
    "order_events_order_cancelled", "order_events_order_expired", "order_events_order_replaced",
    "order_rejects_order_rejected", "risk_events", "trade_events_order_executed", "trades", "auctions", "orders",
)  # fmt: skip
EVENTS = 100_000
ORDERS = 10_000
ACCOUNTS = 200
RATE = 20_000
"""Events a second of a life that will be killed, so that the input lasts for all of them."""
PATIENCE_S = 60


@dataclass(frozen=True)
class Result:
    """What a run brought out, and how it got there."""

    topics: dict[str, str]
    tables: dict[str, str]
    lives: int
    kills: int


def tapeline(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-c", "from jobs.cli import main; main()", *arguments]


def output(*arguments: str) -> str:
    done = subprocess.run(tapeline(*arguments), cwd=TREE, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"tapeline {' '.join(arguments)}: {done.stderr or done.stdout}")
    return done.stdout


def start(data: Path, *options: str) -> subprocess.Popen[bytes]:
    market = f"market=simulator:seed=11,symbols=8,events={EVENTS}"
    orders = f"orders=order_flow:accounts={ACCOUNTS},orders={ORDERS}"
    sources = ("--source", market, "--source", orders)
    command = tapeline("run", "--data", str(data), *sources, "--checkpoint-ms", "40", "--quiet", *options)
    return subprocess.Popen(command, cwd=TREE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def outputs(data: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Digests of all topic logs, and of all rows of the tables in their order of arrival in the stream."""
    lines = output("topics", "digest", "--data", str(data)).split("\n")
    topics = dict(reversed(line.split()[:2]) for line in lines if line.strip())
    queries = [f"SELECT '{table}' AS name, count() AS n, sum(cityHash64(*)) AS h FROM {table}" for table in TABLES]
    rows = output("query", " UNION ALL ".join(queries), "--data", str(data), "--format", "json").splitlines()
    return topics, {json.loads(row)["name"]: row for row in rows}


def undisturbed(data: Path) -> Result:
    process = start(data)
    _, errors = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(errors.decode())
    return Result(*outputs(data), lives=1, kills=0)


def killed(data: Path, kills: int, seed: int) -> Result:
    """A run killed so often at moments chosen by the seed, then left to end. One life in six is killed while it starts
    or recovers, the others some moments after their first checkpoint."""
    chosen = random.Random(seed)
    resume: tuple[str, ...] = ()
    done = 0
    for _ in range(kills):
        before = newest_checkpoint(data)
        process = start(data, "--rate", str(RATE), *resume)
        if chosen.random() < 1 / 6:
            time.sleep(chosen.uniform(0, 1.5))
        else:
            wait_for_checkpoint(data, before, process)
            time.sleep(chosen.uniform(0, 0.15))
        done += process.poll() is None
        process.kill()
        _, errors = process.communicate()
        if process.returncode not in (0, -9):
            raise RuntimeError(errors.decode())
        resume = ("--resume",)
    last = start(data, "--resume")
    _, errors = last.communicate()
    if last.returncode != 0:
        raise RuntimeError(errors.decode())
    return Result(*outputs(data), lives=kills + 1, kills=done)


def newest_checkpoint(data: Path) -> str:
    return max((path.name for path in data.glob("checkpoints/checkpoint-*.json")), default="")


def wait_for_checkpoint(data: Path, before: str, process: subprocess.Popen[bytes]) -> None:
    """Until there is a newer checkpoint, or the process has ended."""
    deadline = time.monotonic() + PATIENCE_S
    while newest_checkpoint(data) <= before and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        expected = undisturbed(Path(folder, "undisturbed"))
        found = killed(Path(folder, "killed"), chosen.kills, chosen.seed)
    same = (expected.topics, expected.tables) == (found.topics, found.tables)
    print(f"seed {chosen.seed}: {found.kills} kills in {found.lives} lives; outputs {'equal' if same else 'DIFFER'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
