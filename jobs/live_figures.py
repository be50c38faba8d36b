"""The figures of a running job, written once a second to DATA/live.json for `tapeline top`.

The engine's loop calls `note` each turn; all but one call a second only look at the clock. The file is put in place in
one step, so that a reader finds the old one or the new one. A run goes on where it cannot be written.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import time
from pathlib import Path
from typing import Any, Final

from dataflow.connectors.kafka.ledger import WAITING_MAX
from dataflow.connectors.kafka.ledger_settings import LedgerStatistics
from dataflow.connectors.kafka.lingering import HELD_FULL
from dataflow.connectors.kafka.partitions import KafkaPartition
from dataflow.connectors.kafka.reader import KafkaReader
from dataflow.engines.embedded.channels import Partition
from dataflow.model import END_OF_TIME, NO_WATERMARK
from jobs.assemble import Assembly

LIVE_FILE: Final = "live.json"
EVERY_S: Final = 1.0
COMMITS_RECENT: Final = 500
"""Percentiles are of so many commits."""
STATM: Final = Path("/proc/self/statm")
RUNNING, STANDING_BY, ENDED, STOPPED = "running", "standing by", "ended", "stopped"


class LiveFigures:
    """Publishes what one run does."""

    def __init__(self, assembly: Assembly, data: Path) -> None:
        self.assembly = assembly
        self.path = data / LIVE_FILE
        self.began_at = time.time()
        self.due_at = 0.0
        self.told_at = time.monotonic()
        self.cpu_s = _cpu_s()
        self.counts: dict[str, int] = self._counts()
        self.checkpoint = (assembly.runner.statistics.last_checkpoint, time.monotonic())

    def note(self, state: str = RUNNING) -> None:
        """A turn is over; or a standby has done all that there was to do."""
        now = time.monotonic()
        if now >= self.due_at:
            self.due_at = now + EVERY_S
            self._publish(state)

    def end(self) -> None:
        """The run is over."""
        self._publish(ENDED if self.assembly.runner.statistics.ended else STOPPED)

    def _publish(self, state: str) -> None:
        beside = self.path.with_name(f"{LIVE_FILE}.{os.getpid()}")
        with contextlib.suppress(OSError):
            beside.write_text(json.dumps(self._figures(state)))
            beside.replace(self.path)

    def _counts(self) -> dict[str, int]:
        """Whatever only grows and has a rate."""
        core = self.assembly.wiring.core
        found = {f"operator {uid}": int(node.records) for uid, node in self.assembly.wiring.nodes.items()}
        for partition in core.partitions:
            name = f"source {self._source(partition)}"
            found[name] = found.get(name, 0) + int(partition.records)
        if self.assembly.kafka is not None:
            found["transactions"] = self.assembly.kafka.ledger.statistics.transactions
        return found

    def _figures(self, state: str) -> dict[str, Any]:
        now, cpu_s, counts = time.monotonic(), _cpu_s(), self._counts()
        passed_s = max(1e-3, now - self.told_at)
        rates = {name: (count - self.counts.get(name, 0)) / passed_s for name, count in counts.items()}
        cpu = (cpu_s - self.cpu_s) / passed_s
        self.told_at, self.cpu_s, self.counts = now, cpu_s, counts
        return {
            "state": state,
            "at": time.time(),
            "began_at": self.began_at,
            "process": {"pid": os.getpid(), "cpu": cpu, "memory_bytes": _memory_bytes()},
            "jobs": list(self.assembly.jobs),
            "watermark_ns": _watermark(self.assembly.wiring.core.watermark_ns),
            "sources": self._sources(counts, rates),
            "operators": self._operators(rates),
            "transactions": self._transactions(rates),
            "checkpoint": self._checkpoint(now),
        }

    def _source(self, partition: Partition) -> str:
        reader = self._reader()
        is_topic = reader is not None and partition.name in reader.partitions
        return partition.name.rpartition("/")[0] if is_topic else partition.name

    def _reader(self) -> KafkaReader | None:
        return None if self.assembly.kafka is None else self.assembly.kafka.reader

    def _sources(self, counts: dict[str, int], rates: dict[str, float]) -> list[dict[str, Any]]:
        groups: dict[str, list[Partition]] = {}
        for partition in self.assembly.wiring.core.partitions:
            groups.setdefault(self._source(partition), []).append(partition)
        return [
            {
                "name": name,
                "partitions": len(own),
                "records": counts[f"source {name}"],
                "rate": rates[f"source {name}"],
                "watermark_ns": _watermark(min(item.watermark() for item in own)),
                "worst": min(own, key=lambda item: item.watermark()).name,
                "idle": sum(1 for item in own if item.idle),
                "lag": self._lag([item.name for item in own]),
            }
            for name, own in groups.items()
        ]

    def _lag(self, names: list[str]) -> int | None:
        """Offsets between what the engine has taken and the end; None where it is not known."""
        reader = self._reader()
        if reader is None or names[0] not in reader.partitions:
            return None
        lags = [_partition_lag(reader.partitions[name]) for name in names]
        known = [lag for lag in lags if lag is not None]
        return sum(known) if len(known) == len(lags) else None

    def _operators(self, rates: dict[str, float]) -> list[dict[str, Any]]:
        return [
            {
                "uid": uid,
                "records": int(node.records),
                "timers": int(node.timers),
                "late": int(node.late),
                "rate": rates[f"operator {uid}"],
            }
            for uid, node in self.assembly.wiring.nodes.items()
        ]

    def _transactions(self, rates: dict[str, float]) -> dict[str, Any] | None:
        if self.assembly.kafka is None:
            return None
        ledger = self.assembly.kafka.ledger
        lingering = {
            "records_waiting": ledger.lingering.records,
            "records_waiting_max": HELD_FULL,
            **_commit_times(ledger.lingering.statistics),
        }
        return {
            "count": ledger.statistics.transactions,
            "rate": rates["transactions"],
            **_commit_times(ledger.statistics),
            "turns_waiting": ledger.waiting(),
            "turns_waiting_max": WAITING_MAX,
            "lingering": lingering if ledger.settings.linger_ms else None,
        }

    def _checkpoint(self, now: float) -> dict[str, Any] | None:
        number = self.assembly.runner.statistics.last_checkpoint
        if number != self.checkpoint[0]:
            self.checkpoint = (number, now)
        return {"number": number, "age_s": now - self.checkpoint[1]} if number else None


def _commit_times(statistics: LedgerStatistics) -> dict[str, float | None]:
    recent = sorted(list(statistics.commit_s)[-COMMITS_RECENT:])
    p50, p99 = (recent[int(share * (len(recent) - 1))] * 1e3 if recent else None for share in (0.5, 0.99))
    return {"commit_p50_ms": p50, "commit_p99_ms": p99}


def _partition_lag(partition: KafkaPartition) -> int | None:
    """None for what has no end, unless all of it was read. Do not ask the consumer for the end: while its own thread
    consumes, `get_watermark_offsets` waits for ever, from its cache too."""
    if partition.at_end and not partition.records:
        return 0
    taken = partition.position if partition.records else partition.next
    return None if partition.end is None else max(0, partition.end - max(0, taken))


def _watermark(at_ns: int) -> int | None:
    """None before the first record, and where nothing is waited for."""
    return int(at_ns) if NO_WATERMARK < at_ns < END_OF_TIME else None


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory_bytes() -> int | None:
    """Resident; None where the system does not say."""
    with contextlib.suppress(OSError):
        return int(STATM.read_text().split()[1]) * resource.getpagesize()
    return None
