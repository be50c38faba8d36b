"""A ClickHouse server for tests: as much of its HTTP interface as clickhouse-connect uses, over the embedded engine.

It checks user and password, and can lose the answer to an insert after carrying it out, as a network does.
"""

from __future__ import annotations

import re
import tempfile
import threading
from base64 import b64decode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame

PASSWORD = "correct horse"
INSERT = re.compile(rb"\s*(INSERT\s+INTO\s+.+?)\s+FORMAT\s+(\w+)\s*?(?:\n|$)", re.IGNORECASE | re.DOTALL)
OWN_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*$", re.IGNORECASE)
TRANSPORT = ("query", "database", "session_id", "query_id", "default_format", "client_protocol_version", "compress")

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "lz4": lz4.frame.decompress,
}


class Front(ThreadingHTTPServer):
    """Serves one directory on a free port until `stop`."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.engine = chdb.connect(str(folder))
        self.turn = threading.Lock()
        self.answers_to_lose = 0
        self.inserts = 0
        self.port: int = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        self.engine.close()


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._answer(200, b"Ok.\n", {})

    def do_POST(self) -> None:
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        text = parameters.get("query", "").encode()
        body = UNPACK[self.headers.get("Content-Encoding", "identity")](self._body())
        text = text + b"\n" + body if text else body
        if self._credentials()[1] != PASSWORD:
            self._refuse("Code: 516. DB::Exception: default: Authentication failed: password is incorrect")
            return
        try:
            with self.server.turn:
                self._carry_out(text, parameters)
        except RuntimeError as error:
            self._refuse(str(error))

    def _carry_out(self, text: bytes, parameters: dict[str, str]) -> None:
        found = INSERT.match(text)
        if found is None:
            statement = text.decode()
            own = OWN_FORMAT.search(statement)
            form = own.group(1) if own else parameters.get("default_format", "TabSeparated")
            data = self.server.engine.query(statement, form).bytes() or b""
            self._answer(200, data, {"X-ClickHouse-Format": form, "X-ClickHouse-Timezone": "UTC"})
            return
        settings = {name: value for name, value in parameters.items() if name not in TRANSPORT}
        self._insert(found, text[found.end() :], settings)
        if self.server.answers_to_lose:
            self.server.answers_to_lose -= 1
            self.close_connection = True
            return
        self._answer(200, b"", {"X-ClickHouse-Summary": '{"written_rows": "0"}'})

    def _insert(self, found: re.Match[bytes], data: bytes, settings: dict[str, str]) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            clause = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
            head, form = found.group(1).decode(), found.group(2).decode()
            clause = f"SETTINGS {clause}" if clause else ""
            self.server.engine.query(f"{head} FROM INFILE '{file.name}' {clause} FORMAT {form}")
        self.server.inserts += 1

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _credentials(self) -> tuple[str, str]:
        basic = self.headers.get("Authorization", "Basic Og==").removeprefix("Basic ")
        user, _, password = b64decode(basic).decode().partition(":")
        return user, password

    def _refuse(self, message: str) -> None:
        code = re.search(r"Code: (\d+)", message)
        self._answer(500, message.encode(), {"X-ClickHouse-Exception-Code": code.group(1) if code else "1002"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
