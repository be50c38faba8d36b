"""Checkpoints in an object store, or in whatever else fsspec reaches: `dataflow.ports.Storage` over one URL.

Theory of operation. Objects are written whole, so what is appended gathers in memory until `sync`, which writes the
object; a reader never sees a part of one. A rename is a copy and a removal: between them both names are there, which
does no harm to a manifest, for both are the same. Names need no sync of their own.

Bound: memory for what is appended between two syncs, which for a checkpoint is its state file.
Source: fsspec's documentation, "API Reference", AbstractFileSystem.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fsspec  # type: ignore[import-untyped]

from dataflow.ports import InputFault
from dataflow.storage import checked_path


class ObjectStorage:
    """Files below a URL such as `s3://bucket/tapeline`. Threads may share it, as long as no file is written by two."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._waiting: dict[str, list[bytes]] = {}
        """Parts of files appended since their last sync."""
        with self._as_faults("open", ""):
            self._files, self._root = fsspec.core.url_to_fs(url)

    def append(self, path: str, data: bytes) -> None:
        parts = self._waiting.get(path)
        if parts is None:
            parts = self._waiting[path] = [self.read(path)] if self._stored_size(path) >= 0 else []
        parts.append(data)

    def sync(self, path: str) -> None:
        parts = self._waiting.get(path)
        if parts is not None:
            with self._as_faults("write", path):
                self._files.makedirs(self._place(path).rpartition("/")[0], exist_ok=True)
                self._files.pipe_file(self._place(path), b"".join(parts))
            del self._waiting[path]

    def sync_directory(self, path: str) -> None:
        """Nothing to do: an object's name is there with it."""

    def rename(self, source: str, target: str) -> None:
        self.sync(source)
        with self._as_faults("rename", source):
            self._files.mv(self._place(source), self._place(target))
        self._forget_listing()

    def read(self, path: str) -> bytes:
        parts = self._waiting.get(path)
        if parts is not None:
            return b"".join(parts)
        with self._as_faults("read", path):
            return bytes(self._files.cat_file(self._place(path)))

    def read_range(self, path: str, start: int, size: int) -> bytes:
        if path in self._waiting:
            return self.read(path)[start : start + size]
        with self._as_faults("read", path):
            return bytes(self._files.cat_file(self._place(path), start=start, end=start + size))

    def size(self, path: str) -> int:
        if path in self._waiting:
            return sum(len(part) for part in self._waiting[path])
        return self._stored_size(path)

    def truncate(self, path: str, size: int) -> None:
        self._waiting[path] = [self.read(path)[:size]]

    def remove(self, path: str) -> None:
        self._waiting.pop(path, None)
        if self._stored_size(path) >= 0:
            with self._as_faults("remove", path):
                self._files.rm_file(self._place(path))
            self._forget_listing()

    def list(self, path: str) -> list[str]:
        self._forget_listing()
        with self._as_faults("list", path):
            try:
                found = self._files.ls(self._place(path), detail=False)
            except FileNotFoundError:
                return []
        return sorted({str(name).rstrip("/").rpartition("/")[2] for name in found})

    def _stored_size(self, path: str) -> int:
        self._forget_listing()
        with self._as_faults("look at", path):
            try:
                found: dict[str, Any] = self._files.info(self._place(path))
            except FileNotFoundError:
                return -1
        return int(found["size"])

    def _place(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{checked_path(path)}".rstrip("/")

    def _forget_listing(self) -> None:
        self._files.invalidate_cache()

    @contextmanager
    def _as_faults(self, action: str, path: str) -> Iterator[None]:
        """Errors of a store become one line; fsspec's file systems raise what their own libraries raise."""
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise InputFault(f"cannot {action} {self.url}{'/' if path else ''}{path}: {said}") from error
