"""Whatever answers in the place of a Schema Registry, a person gets one line."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dataflow.connectors.kafka.registry import open_registry
from dataflow.graph import KafkaSettings
from dataflow.ports import InputFault


class Answering(ThreadingHTTPServer):
    """Gives one answer to everything, and keeps how it was asked."""

    answer = (200, b'["AVRO"]')
    login: str | None = None

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.server_port}/registry"


class Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        status, body = self.server.answer
        self.server.login = self.headers.get("Authorization")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def server() -> Iterator[Answering]:
    with Answering(("127.0.0.1", 0), Handler) as found:
        Thread(target=found.serve_forever, args=(0.05,)).start()
        yield found
        found.shutdown()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ((401, b'{"error_code": 401, "message": "no"}'), "wrong user name or password"),
        ((401, b"no"), "wrong user name or password"),
        ((403, b'{"error_code": 40301, "message": "denied"}'), "the user has no right to do this"),
        ((404, b"not here"), "it knows no such thing; is this the URL of a Schema Registry, path and all?"),
        ((200, b"<html>"), "it answers, but not as a Schema Registry; is the path of the URL right?"),
        ((200, b'{"AVRO": 1}'), "it answers, but not as a Schema Registry; is the path of the URL right?"),
        ((204, b""), "it answers, but not as a Schema Registry; is the path of the URL right?"),
        ((302, b""), "it answers, but not as a Schema Registry; is the path of the URL right?"),
        ((500, b'{"error_code": 50001, "message": "store\\nis down"}'), "store is down (status 500)"),
    ],
)
def test_an_answer_that_is_none_is_one_line(server: Answering, answer: tuple[int, bytes], fault: str) -> None:
    server.answer = answer
    with pytest.raises(InputFault) as caught:
        open_registry(KafkaSettings(registry=f"http://{server.url}"))
    assert str(caught.value) == f"cannot reach the Schema Registry at http://{server.url}: {fault}"


def test_a_password_in_the_url_logs_in_and_is_not_shown(server: Answering) -> None:
    settings = KafkaSettings(registry=f"http://me:hunter2@{server.url}")
    open_registry(settings).close()
    login = server.login
    server.answer = (403, b"{}")
    with pytest.raises(InputFault) as caught:
        open_registry(settings)
    assert login == "Basic bWU6aHVudGVyMg=="
    assert "hunter2" not in str(caught.value)
