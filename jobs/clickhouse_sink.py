"""The ClickHouse sink of a run: the embedded engine, or a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dataflow.connectors.clickhouse.client import Server, open_embedded, open_server
from dataflow.connectors.clickhouse.sink import ClickHouseSink
from dataflow.graph import Stream
from dataflow.ports import Storage


def clickhouse_sink(
    given: dict[str, Any], streams: list[Stream], storage: Storage, data: Path, tree: Path
) -> ClickHouseSink:
    """`given` are its parameters in pipelines.yaml, `data` is the run's directory, relative paths start from `tree`."""
    ddl = tree / given["ddl"]
    if given["host"]:
        server = Server(given["host"], given["port"], given["user"], given["database"], given["secure"])
        return ClickHouseSink(storage, streams, lambda: open_server(server), ddl, is_shared=True)
    path = data / given["path"]
    return ClickHouseSink(storage, streams, lambda: open_embedded(path), ddl)
