"""Opens ClickHouse, embedded or as a server, and says in a sentence why it cannot."""

from __future__ import annotations

import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import clickhouse_connect
from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from dataflow.ports import InputFault

PASSWORD_VARIABLE: Final = "TAPELINE_CLICKHOUSE_PASSWORD"  # noqa: S105 - the name of the variable, not a password
MESSAGE: Final = re.compile(r"(?:Code: \d+\. )?(?:DB::Exception: )?(?P<text>.*)", re.DOTALL)
NOISE: Final = re.compile(
    r"\s*(?:: While (?:executing|processing) .*|\(for url .*|Stack trace.*|\(version [\d.]+.*|\([A-Z_]+\)$"
    r"|Expected one of: .*|: \(in file/uri .*)",
    re.DOTALL,
)
"""What follows the fact in ClickHouse's messages: where in its pipeline, its version, the name of the error code."""
SENTENCE_MAX: Final = 300


@dataclass(frozen=True)
class Server:
    """A ClickHouse server. The password is not here: it comes from TAPELINE_CLICKHOUSE_PASSWORD alone."""

    host: str
    port: int = 8123
    user: str = "default"
    database: str = "default"
    secure: bool = False


def open_embedded(folder: Path) -> Client:
    """ClickHouse in this process over a directory. A process holds one such directory at a time, and a directory
    belongs to one process at a time. Raises InputFault."""
    _refuse_if_held(folder)
    try:
        return clickhouse_connect.get_client(interface="chdb", path=str(folder))
    except (ClickHouseError, RuntimeError, OSError) as error:
        raise InputFault(f"ClickHouse cannot open {folder}: {sentence(error)}") from None


def _refuse_if_held(folder: Path) -> None:
    """ClickHouse locks `status` in its directory and writes its process there; its own message says neither."""
    status = folder / "status"
    try:
        with status.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        found = re.search(r"PID: (\d+)", status.read_text(errors="replace"))
        holder = f"process {found.group(1)}" if found else "another process"
        if found and int(found.group(1)) == os.getpid():
            return
        raise InputFault(
            f"the tables in {folder} are in use by {holder}\n    wait until it has ended: one process at a time may"
        ) from None
    except OSError:
        return


def open_server(server: Server) -> Client:
    """The client of a ClickHouse server. Raises InputFault."""
    place = f"{server.host}:{server.port}"
    try:
        return clickhouse_connect.get_client(
            host=server.host, port=server.port, username=server.user, database=server.database, secure=server.secure,
            password=os.environ.get(PASSWORD_VARIABLE, ""),
        )  # fmt: skip
    except ClickHouseError as error:
        raise InputFault(
            f"ClickHouse at {place} cannot be used by {server.user}: {sentence(error)}\n"
            f"    check host, port, user and database, and the password in {PASSWORD_VARIABLE}"
        ) from None


def sentence(error: BaseException) -> str:
    """What ClickHouse says, in one sentence: without codes, stack and secrets."""
    text = " ".join(str(error).split())
    start = text.rfind("DB::Exception: ")
    found = MESSAGE.match(text[max(start, 0) :])
    fact = NOISE.sub("", found.group("text") if found else text).strip().rstrip(".:")
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if password:
        fact = fact.replace(password, "***")
    return fact[:SENTENCE_MAX] or type(error).__name__
