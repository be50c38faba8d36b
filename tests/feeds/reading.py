"""Reads sources to their end, and writes the files they read."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from librt.strings import BytesWriter

from dataflow.model import Record
from dataflow.ports import Batch, Source
from jobs.feeds.open_source import open_source


def batches_of(source: Source, position: Any | None = None) -> list[Batch]:
    """All batches from a position on; the position goes through JSON, as in a checkpoint."""
    source.open(json.loads(json.dumps(position)))
    batches: list[Batch] = []
    while (batch := source.read()) is not None:
        batches.append(batch)
    source.close()
    return batches


def records_of(batches: list[Batch]) -> list[Any]:
    return [record for batch in batches for record in batch.records]


def read(specification: str, name: str = "market") -> list[Any]:
    """All records of a source."""
    return records_of(batches_of(open_source(specification, name)))


def data_of(records: list[Record]) -> bytes:
    """The records' encoding, one after the other."""
    writer = BytesWriter()
    for record in records:
        record.encode_into(writer)
    return writer.getvalue()


def rests_differ(specification: str, every: int = 1) -> list[Any]:
    """Positions at which reading anew does not give the same rest; every so many batches are tried."""
    whole = batches_of(open_source(specification, "market"))
    tried = range(0, len(whole), every)
    return [
        whole[index].position
        for index in tried
        if data_of(records_of(batches_of(open_source(specification, "market"), whole[index].position)))
        != data_of(records_of(whole[index:]))
    ]


def write_zip(path: Path, text: str, member: str = "lines.csv") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text)
    return path


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
