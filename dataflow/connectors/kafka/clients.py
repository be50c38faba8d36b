"""Clients of a cluster, and their errors as one line for the person at the terminal.

Theory of operation. librdkafka connects in the background: a call that fails says only that time is up, while the
reason (wrong password, untrusted certificate, nobody listens) comes to a callback some time before. `Complaints` is
that callback; whoever turns an error into a fault asks it for the most telling reason. librdkafka's own log says
nothing more, and never goes to the terminal: what is left of it is in the Python log `tapeline.kafka`.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from dataflow.graph import KafkaSecurity, KafkaSettings
from dataflow.ports import InputFault

Value = str | int | float | bool

LOG: Final = logging.getLogger("tapeline.kafka")
LOG.addHandler(logging.NullHandler())
CONNECT_TIMEOUT_S: Final = 6.0
"""Longer than a broker takes to refuse a login or a certificate, and a busy one to answer."""
REFUSED_TIMEOUT_S: Final = 2.0
"""How long somebody may be away before it is said."""
POLL_S: Final = 0.2
RECONNECT_MS: Final = 50
RECONNECT_MS_MAX: Final = 1_000
SECURITY_FILES: Final = {"ca": "ssl.ca.location", "certificate": "ssl.certificate.location", "key": "ssl.key.location"}
BROKER: Final = re.compile(r"^(?:\w+://)?([^/\s]+:\d+)/")
"""librdkafka begins a complaint with the broker it is about."""

TELLING: Final = (KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError._RESOLVE, KafkaError._TRANSPORT)
"""Complaints that say why, the most telling first."""
HOPELESS: Final = (KafkaError._AUTHENTICATION, KafkaError._SSL)
"""Waiting longer does not mend these."""
WAITED: Final = (KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)
"""Errors that only say that nothing came in time: a complaint knows more."""

FACTS: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "the user has no right to do this with the topic",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "the user has no right to use the consumer group",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "the user has no right to use the transactional id",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "the user has no right to do this in the cluster",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "there is no such topic; `tapeline topics apply` makes those declared",
    KafkaError._UNKNOWN_TOPIC: "there is no such topic; `tapeline topics apply` makes those declared",
    KafkaError._UNKNOWN_PARTITION: "the topic has no such partition",
    KafkaError._RESOLVE: "there is no such host",
    KafkaError._TIMED_OUT: "no answer in time",
    KafkaError._TRANSPORT: "nothing there answers as Kafka does; are port and kafka.security.protocol right?",
    KafkaError._ALL_BROKERS_DOWN: "no broker answers",
    KafkaError.NOT_ENOUGH_REPLICAS: "fewer copies of the topic are in sync than it asks for",
}
SAID: Final = (
    ("invalid credentials", "wrong user name or password"),
    ("supported mechanisms:  ", "nobody can log in there; kafka.security.protocol should not begin with SASL"),
    ("mechanism handshake failed", "it does not know kafka.security.mechanism"),
    ("certificate could not be verified", "nobody we trust has signed its certificate; see kafka.security.ca"),
    ("certificate verify failed", "nobody we trust has signed its certificate; see kafka.security.ca"),
    ("plaintext listener", "there is no encryption on this port; see kafka.security.protocol"),
    ("PLAINTEXT broker listener", "there is no encryption on this port; see kafka.security.protocol"),
    ("connecting to a SSL listener", "it hung up; this port may ask for encryption, see kafka.security.protocol"),
    ("ssl.ca.location failed", "kafka.security.ca holds no certificate"),
    ("ssl.certificate.location failed", "kafka.security.certificate holds no certificate"),
    ("ssl.key.location failed", "kafka.security.key holds no private key, or one with a password"),
    ("Connection refused", "nothing listens there"),
    ("Failed to resolve", "there is no such host"),
)
"""Parts of librdkafka's sentences, and what they come to."""


class Unreachable(InputFault):
    """Nobody answers at the moment: who waits may find somebody there."""


class Complaints:
    """What a client complained of. Give `note` as its `error_cb`, and poll it; threads may share one."""

    def __init__(self) -> None:
        self._latest: dict[int, KafkaError] = {}

    def note(self, error: KafkaError) -> None:
        self._latest[error.code()] = error

    def reason(self) -> KafkaError | None:
        """The most telling complaint so far."""
        return next((self._latest[code] for code in TELLING if code in self._latest), None)

    def hopeless(self) -> bool:
        """Whether waiting longer would not help: nobody lets us in."""
        return any(code in self._latest for code in HOPELESS)

    def forget(self) -> None:
        """What was complained of before a connection came about is no reason for what fails later."""
        self._latest.clear()


def client_config(settings: KafkaSettings) -> dict[str, Any]:
    """librdkafka's settings of any client. Raises InputFault for a file that cannot be read."""
    found: dict[str, Any] = {
        "bootstrap.servers": settings.brokers,
        "client.id": "tapeline",
        "log_level": 0,
        "logger": LOG,
        "reconnect.backoff.ms": RECONNECT_MS,
        "reconnect.backoff.max.ms": RECONNECT_MS_MAX,
        "socket.keepalive.enable": True,
        "socket.nagle.disable": True,
    }
    return found | _security(settings.security)


def _security(security: KafkaSecurity) -> dict[str, Value]:
    found: dict[str, Value] = {"security.protocol": security.protocol}
    if security.protocol.startswith("SASL"):
        found |= {
            "sasl.mechanism": security.mechanism,
            "sasl.username": security.user,
            "sasl.password": security.password,
        }
    for name, setting in SECURITY_FILES.items():
        path = getattr(security, name)
        if path:
            found[setting] = readable(name, path)
    return found


def readable(name: str, path: str) -> str:
    try:
        with Path(path).open("rb"):
            return path
    except OSError as error:
        raise InputFault(f"kafka.security.{name}: cannot read {path}: {(error.strerror or '').lower()}") from None


def open_admin(settings: KafkaSettings) -> AdminClient:
    """A connected client for topics and their settings. Raises InputFault if the cluster does not let us in."""
    complaints = Complaints()
    doing = f"reach Kafka at {settings.brokers}"
    config: dict[str, Any] = {**client_config(settings), "error_cb": complaints.note}
    with as_faults(doing):
        admin = AdminClient(config)
    started = time.monotonic()
    while not _is_connected(admin):
        patience_s = CONNECT_TIMEOUT_S if complaints.reason() is None else REFUSED_TIMEOUT_S
        if complaints.hopeless() or time.monotonic() - started > patience_s:
            raise fault_of(KafkaError(KafkaError._TRANSPORT), doing, complaints)
    return admin


def _is_connected(admin: AdminClient) -> bool:
    """Waits a moment. What a broker says about itself is asked for: a list of all topics may be long."""
    try:
        return bool(admin.cluster_id(POLL_S))
    except KafkaException:
        admin.poll(0)
        return False


@contextmanager
def as_faults(doing: str, complaints: Complaints | None = None) -> Iterator[None]:
    """Errors of Kafka inside become an InputFault: cannot `doing`, and why."""
    try:
        yield
    except (KafkaException, ValueError, OSError) as error:
        raise fault_of(error, doing, complaints) from None


def fault_of(error: Exception | KafkaError, doing: str, complaints: Complaints | None = None) -> InputFault:
    """`cannot <doing>: <cause>` on one line."""
    if isinstance(error, KafkaException):
        error = error.args[0]
    reason = complaints.reason() if complaints is not None else None
    if isinstance(error, KafkaError):
        waited = error.code() in WAITED
        told = reason if waited and reason is not None else error
        fact, broker = _kafka_fact(told)
        where = f"{broker}: " if broker and not doing.endswith(broker) else ""
        kind = Unreachable if waited and told.code() in (*WAITED, KafkaError._RESOLVE) else InputFault
        return kind(f"cannot {doing}: {where}{fact}")
    return InputFault(f"cannot {doing}: {' '.join(str(error).split()) or type(error).__name__}")


def _kafka_fact(error: KafkaError) -> tuple[str, str]:
    """What is the matter, and the broker that it is the matter with, if one is named."""
    said = " ".join(error.str().split())
    broker = BROKER.match(said)
    fact = next((fact for part, fact in SAID if part in error.str()), FACTS.get(error.code(), said))
    return fact, broker[1] if broker is not None and fact != said else ""
