"""Brings a core back to the instant of a checkpoint, and tells why it cannot."""

from __future__ import annotations

import gc
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fastavro

from dataflow.engines.embedded.channels import Node
from dataflow.engines.embedded.checkpoints import CheckpointStore, Manifest, topology_differences
from dataflow.engines.embedded.core import Core
from dataflow.engines.embedded.slots import StoredSpace
from dataflow.engines.embedded.wiring import Wiring
from dataflow.model import State, StateType
from dataflow.ports import InputFault


def state_header(wiring: Wiring) -> dict[str, Any]:
    """What the numbers in a state file mean: per space, the operators of its cells with their state schemas."""
    spaces: list[list[dict[str, str]]] = [[] for _ in wiring.core.spaces]
    for node in wiring.nodes.values():
        kind = node.state_type
        entry = {"uid": node.uid, "state": kind.name, "schema": kind.schema_json}
        spaces[node.space.number].append(entry)
    return {"spaces": spaces}


def restore(manifest: Manifest, store: CheckpointStore, wiring: Wiring, specifications: dict[str, str]) -> None:
    """Load state, timers, watermarks and counts into the wiring's core. Raises InputFault where they do not fit."""
    differences = topology_differences(manifest.topology, wiring.topology)
    for name, entry in manifest.sources.items():
        given = specifications.get(name, "")
        if entry["specification"] != given:
            differences.append(f"source {name}: {entry['specification']!r} in the checkpoint, {given!r} now")
    if differences:
        raise InputFault(f"checkpoint {manifest.number} is of another topology:\n  " + "\n  ".join(differences))
    with without_collector():
        for file in manifest.files:
            header, chunks = store.chunks(file)
            spaces = [_stored_space(entries, wiring) for entries in header["spaces"]]
            for chunk in chunks:
                wiring.core.table.load(chunk, spaces)
    _restore_counts(manifest, wiring)
    wiring.core.restored(manifest.watermark_ns)


@contextmanager
def without_collector() -> Iterator[None]:
    """Loading, and doing turns again, make little but what stays: a collector would look through all of it, again and
    again, for seconds where keys are many; and does not look through it later either."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()


def _stored_space(entries: list[dict[str, str]], wiring: Wiring) -> StoredSpace:
    nodes = [wiring.nodes.get(entry["uid"]) for entry in entries]
    present = [node for node in nodes if node is not None]
    cells = [-1 if node is None else node.cell_number for node in nodes]
    types = [_stored_type(entry, node) for entry, node in zip(entries, nodes, strict=True)]
    maps = [_stored_maps(entry, node) for entry, node in zip(entries, nodes, strict=True)]
    is_current = [node is None or kind is node.state_type for kind, node in zip(types, nodes, strict=True)]
    return StoredSpace(present[0].space if present else None, cells, types, maps, is_current)


def _stored_maps(entry: dict[str, str], node: Node | None) -> list[int]:
    """Where the growing maps of the stored schema are in the present one."""
    present = growing_fields(node.state_type.schema_json) if node is not None else []
    return [present.index(name) if name in present else -1 for name in growing_fields(entry["schema"])]


def growing_fields(schema_json: str) -> list[str]:
    """Names of the maps of a state that only grow."""
    return [field["name"] for field in json.loads(schema_json)["fields"] if field.get("grows")]


def _stored_type(entry: dict[str, str], node: Node | None) -> StateType:
    if node is None:
        return StateType(entry["state"], entry["schema"])
    if json.loads(entry["schema"]) == json.loads(node.state_type.schema_json):
        return node.state_type
    return ResolvedStateType(node.state_type, entry["schema"])


class ResolvedStateType(StateType):
    """Reads state written under an older schema, by Avro's schema resolution."""

    def __init__(self, current: StateType, written: str) -> None:
        super().__init__(current.name, written)
        self.current = current
        self.writer = fastavro.parse_schema(json.loads(written))
        self.reader = fastavro.parse_schema(json.loads(current.schema_json))

    def decode(self, data: bytes, position: int) -> State:
        fields = fastavro.schemaless_reader(io.BytesIO(data[position:]), self.writer, self.reader)
        assert isinstance(fields, dict)
        return self.current.from_dict(fields)


def _restore_counts(manifest: Manifest, wiring: Wiring) -> None:
    core: Core = wiring.core
    for number, name in enumerate(wiring.sources):
        entry = manifest.sources.get(name)
        if entry is not None:
            core.partitions[number].top_ns = entry["top_ns"]
            core.partitions[number].records = entry["records"]
            core.partitions[number].idle = entry["idle"]
    for name, total in manifest.streams.items():
        channel = wiring.channels.get(name)
        if channel is not None:
            channel.total = total
            channel.handed_over = total if channel.kept else 0
    for uid, counts in manifest.operators.items():
        node = wiring.nodes.get(uid)
        if node is not None:
            node.records, node.timers, node.late = counts["records"], counts["timers"], counts["late"]
