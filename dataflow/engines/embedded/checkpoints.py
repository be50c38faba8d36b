"""Checkpoints on disk: state files, manifests, and choosing the newest one that is whole.

Theory of operation. A checkpoint is a manifest `checkpoint-N.json` and the state files it names: a full one, then
incremental ones, each written once and never changed. A state file is a line of JSON (what its numbers mean, and the
state schemas) and then chunks: length, slots. The order of writing makes it atomic: state file, sync, then the manifest
under a temporary name, sync, rename, sync of the directory. The manifest carries its own CRC and the length and CRC of
each state file, so a torn write is seen, and the checkpoint before is used.

Invariant: files named by a kept manifest are never touched. Bound: `keep` manifests, and the files they name.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from dataflow.fault_points import reach
from dataflow.ports import InputFault, Storage

FOLDER = "checkpoints"
WRITE_BYTES = 1 << 20
"""Chunks are gathered to so much before they are written: each call of the system gives the interpreter to the loop,
and is half a millisecond late when it comes back."""
FORMAT = 2
"""Counts the changes of manifests and state files; 2: maps that only grow."""


@dataclass(frozen=True)
class StateFile:
    name: str
    size: int
    crc: int
    slots: int
    full: bool


@dataclass
class Manifest:
    """All that a job needs to go on from this instant, but for the state files' content."""

    number: int
    written_at_ns: int
    """Wall time, for people; nothing depends on it."""
    topology: dict[str, Any]
    watermark_ns: int
    sources: dict[str, dict[str, Any]]
    """Per source: specification, position of a batch, records of it used, and what the watermark needs."""
    streams: dict[str, int]
    """Records ever put into each stream."""
    operators: dict[str, dict[str, int]]
    """Records, timers and late records each operator has seen."""
    ended: bool
    """All sources had ended."""
    sinks: dict[str, Any] = field(default_factory=dict)
    ledger: Any = None
    """Position of the ledger: the last transaction that is part of this."""
    files: list[StateFile] = field(default_factory=list)


class StateWriter:
    """Writes one state file, some chunks at a time."""

    def __init__(self, storage: Storage, name: str, header: dict[str, Any], full: bool) -> None:
        self.storage = storage
        self.path = f"{FOLDER}/{name}"
        self.name = name
        self.full = full
        self.header = header
        self.waiting: list[bytes] = []
        self.waiting_bytes = 0
        self.size = 0
        self.crc = 0

    def begin(self) -> None:
        """Create the file, in place of one that a checkpoint never finished may have left."""
        if self.storage.size(self.path) >= 0:
            self.storage.remove(self.path)
        self._append(json.dumps(self.header, sort_keys=True).encode() + b"\n")

    def append(self, chunk: bytes) -> None:
        self.waiting += [len(chunk).to_bytes(4, "big"), chunk]
        self.waiting_bytes += len(chunk)
        if self.waiting_bytes >= WRITE_BYTES:
            self._write_out()

    def finish(self, slots: int) -> StateFile:
        self._write_out()
        self.storage.sync(self.path)
        return StateFile(self.name, self.size, self.crc, slots, self.full)

    def _write_out(self) -> None:
        if self.waiting:
            self._append(b"".join(self.waiting))
            self.waiting, self.waiting_bytes = [], 0

    def _append(self, data: bytes) -> None:
        reach("during-checkpoint")
        self.storage.append(self.path, data)
        self.size += len(data)
        self.crc = zlib.crc32(data, self.crc)


class CheckpointStore:
    """The checkpoints under one storage root."""

    def __init__(self, storage: Storage, keep: int = 3) -> None:
        self.storage = storage
        self.keep = keep
        self.verified: dict[str, bytes] = {}
        """State files that were read to verify them, until their chunks are asked for: so they are read once."""

    def numbers(self) -> list[int]:
        """All checkpoints there are, whole or not, oldest first."""
        names = self.storage.list(FOLDER)
        return sorted(int(name[11:-5]) for name in names if name.startswith("checkpoint-") and name.endswith(".json"))

    def state_writer(self, number: int, header: dict[str, Any], full: bool) -> StateWriter:
        """The writer of a checkpoint's own state file, not begun yet."""
        self.verified = {}
        return StateWriter(self.storage, f"state-{number:010d}.{'full' if full else 'part'}", header, full)

    def write(self, manifest: Manifest) -> None:
        """Make the checkpoint durable: when this returns, a restart uses it."""
        reach("before-manifest")
        body = json.dumps(asdict(manifest), sort_keys=True)
        document = json.dumps({"format": FORMAT, "crc": zlib.crc32(body.encode()), "checkpoint": body})
        path = manifest_path(manifest.number)
        temporary = f"{path}.writing"
        if self.storage.size(temporary) >= 0:
            self.storage.remove(temporary)
        self.storage.append(temporary, document.encode())
        self.storage.sync(temporary)
        self.storage.rename(temporary, path)
        reach("after-manifest")
        self.storage.sync_directory(FOLDER)

    def clean(self) -> None:
        """Remove checkpoints beyond those kept, and state files that no kept one names."""
        kept = self.numbers()[-self.keep :]
        named = {file.name for number in kept for file in self._files_of(number)}
        for name in self.storage.list(FOLDER):
            number = int(name.split("-")[1][:10]) if name.startswith(("checkpoint-", "state-")) else -1
            stale_state = name.startswith("state-") and name not in named and number <= kept[-1]
            stale_manifest = name.startswith("checkpoint-") and number not in kept
            if stale_state or stale_manifest:
                self.storage.remove(f"{FOLDER}/{name}")

    def _files_of(self, number: int) -> list[StateFile]:
        try:
            return self.read(number).files
        except InputFault:
            return []

    def latest(self) -> tuple[Manifest | None, list[str]]:
        """The newest whole checkpoint, and why newer ones were passed over."""
        passed: list[str] = []
        for number in reversed(self.numbers()):
            try:
                manifest = self.read(number)
                self.verified = self.verify(manifest)
            except InputFault as fault:
                passed.append(str(fault))
                continue
            return manifest, passed
        return None, passed

    def read(self, number: int) -> Manifest:
        """Raises InputFault where the manifest is torn or of another format."""
        path = manifest_path(number)
        try:
            document = json.loads(self.storage.read(path))
            body = document["checkpoint"]
            written, whole = document["format"], document["crc"] == zlib.crc32(body.encode())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputFault(f"checkpoint {number} is torn: {error}") from None
        if written != FORMAT:
            raise InputFault(f"checkpoint {number} is of format {written}; this program reads format {FORMAT}")
        if not whole:
            raise InputFault(f"checkpoint {number} is damaged: its checksum differs")
        fields = json.loads(body)
        fields["files"] = [StateFile(**file) for file in fields["files"]]
        return Manifest(**fields)

    def verify(self, manifest: Manifest) -> dict[str, bytes]:
        """The state files, each checked against the manifest. Raises InputFault."""
        found: dict[str, bytes] = {}
        for file in manifest.files:
            path = f"{FOLDER}/{file.name}"
            if self.storage.size(path) != file.size:
                raise InputFault(f"checkpoint {manifest.number}: {file.name} is not {file.size} bytes long")
            found[file.name] = self.storage.read(path)
            if zlib.crc32(found[file.name]) != file.crc:
                raise InputFault(f"checkpoint {manifest.number}: {file.name} is damaged: its checksum differs")
        return found

    def discard_after(self, number: int) -> None:
        """Remove manifests newer than the one restored (0: all): they are not whole, and their numbers come again."""
        newer = [known for known in self.numbers() if known > number]
        for known in newer:
            self.storage.remove(manifest_path(known))
        if newer:
            self.storage.sync_directory(FOLDER)

    def chunks(self, file: StateFile) -> tuple[dict[str, Any], Iterator[bytes]]:
        """Header and chunks of a verified state file."""
        data = self.verified.pop(file.name, None) or self.storage.read(f"{FOLDER}/{file.name}")
        start = data.index(b"\n") + 1
        return json.loads(data[:start]), _split(data, start)


def manifest_path(number: int) -> str:
    return f"{FOLDER}/checkpoint-{number:010d}.json"


def _split(data: bytes, start: int) -> Iterator[bytes]:
    while start < len(data):
        size = int.from_bytes(data[start : start + 4], "big")
        yield data[start + 4 : start + 4 + size]
        start += 4 + size


def topology_differences(stored: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """What makes a checkpoint's topology another one, a line each."""
    lines = [f"operator {uid} is in the checkpoint and not in the graph" for uid in stored if uid not in current]
    lines += [f"operator {uid} is in the graph and not in the checkpoint" for uid in current if uid not in stored]
    for uid, entry in stored.items():
        if uid in current:
            lines += _entry_differences(f"operators.{uid}", entry, current[uid])
    return lines


def _entry_differences(place: str, stored: Any, current: Any) -> list[str]:
    if isinstance(stored, dict) and isinstance(current, dict):
        names = sorted(stored.keys() | current.keys())
        pairs = ((name, stored.get(name), current.get(name)) for name in names)
        return [line for name, old, new in pairs for line in _entry_differences(f"{place}.{name}", old, new)]
    plain_stored, plain_current = json.dumps(stored), json.dumps(current)
    if plain_stored == plain_current:
        return []
    return [f"{place}: {plain_stored} in the checkpoint, {plain_current} in the graph"]
