"""`tapeline checkpoints`: what checkpoints there are, and what is in them, without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from dataflow.engines.embedded.checkpoints import CheckpointStore, Manifest
from dataflow.engines.embedded.offline import StoredCell, stored_cells
from dataflow.engines.embedded.slots import KEY_SEPARATOR
from dataflow.graph import key_group
from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage
from jobs.data_option import DATA_OPTION
from jobs.plain_values import plain


@click.group()
def checkpoints() -> None:
    """List and inspect checkpoints; state is readable as JSON, per operator and key."""


@checkpoints.command("list")
@DATA_OPTION
def list_checkpoints(data: Path) -> None:
    """All checkpoints, newest last, and whether each is whole."""
    store = _store(data)
    table = Table("checkpoint", "taken (UTC)", "records in", "keys written", "files", "bytes", "whole")
    for number in store.numbers():
        table.add_row(str(number), *_row(store, number))
    Console().print(table)


@checkpoints.command()
@DATA_OPTION
@click.argument("number", type=int, required=False)
@click.option("--operator", "uid", help="Only this operator (its uid).")
@click.option("--key", help="Only this key; the parts of a composite key joined by a comma.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="At most so many cells.")
@click.option("--summary", is_flag=True, help="The manifest alone: positions, watermark, streams, operators.")
def inspect(number: int | None, data: Path, **chosen: Any) -> None:
    """State inside checkpoint NUMBER (default: the newest whole one), a JSON object per operator and key."""
    store = _store(data)
    manifest = _manifest(store, number)
    if chosen["summary"]:
        click.echo(json.dumps(_summary(manifest), indent=2))
        return
    for cell in islice(_cells(store, manifest, chosen), chosen["limit"]):
        click.echo(json.dumps(_fields(cell)))


def _store(data: Path) -> CheckpointStore:
    if not data.is_dir():
        raise InputFault(f"{data}: there is no such directory\n    run `tapeline run --data {data}` first")
    return CheckpointStore(DirectoryStorage(data))


def _manifest(store: CheckpointStore, number: int | None) -> Manifest:
    if number is not None:
        if number not in store.numbers():
            known = ", ".join(map(str, store.numbers())) or "none"
            raise InputFault(f"there is no checkpoint {number}; there are: {known}")
        return store.read(number)
    manifest, passed = store.latest()
    if manifest is None:
        raise InputFault("there is no whole checkpoint\n    " + ("; ".join(passed) or "nothing has run here yet"))
    return manifest


def _cells(store: CheckpointStore, manifest: Manifest, chosen: dict[str, Any]) -> Iterator[StoredCell]:
    uid, key = chosen["uid"], chosen["key"]
    if uid is not None and uid not in manifest.operators:
        known = ", ".join(manifest.operators)
        raise InputFault(f"checkpoint {manifest.number} has no operator {uid!r}; it has: {known}")
    return stored_cells(store, manifest, uid, None if key is None else key.replace(",", KEY_SEPARATOR))


def _row(store: CheckpointStore, number: int) -> tuple[str, ...]:
    try:
        manifest = store.read(number)
        store.verify(manifest)
    except InputFault as fault:
        return ("", "", "", "", "", f"no: {fault}")
    taken = datetime.fromtimestamp(manifest.written_at_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
    records = sum(source["records"] for source in manifest.sources.values())
    size = sum(file.size for file in manifest.files)
    slots = manifest.files[-1].slots
    return (taken, f"{records:,}", f"{slots:,}", str(len(manifest.files)), f"{size:,}", "yes")


def _summary(manifest: Manifest) -> dict[str, Any]:
    names = ("number", "watermark_ns", "ended", "sources", "streams", "operators", "sinks")
    return {name: getattr(manifest, name) for name in names}


def _fields(cell: StoredCell) -> dict[str, Any]:
    return {
        "operator": cell.uid,
        "key": cell.key.replace(KEY_SEPARATOR, ","),
        "key_group": key_group(cell.key),
        "events_emitted": cell.sequence,
        "timers_ns": list(cell.timers),
        "state": plain(cell.state),
    }
