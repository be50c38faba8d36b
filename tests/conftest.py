"""Fixtures every test may use."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from dataflow.services.artefacts import Unavailable, artefacts
from dataflow.services.broker import Broker, BrokerOptions
from dataflow.services.registry import Registry, RegistryOptions
from dataflow.services.secure_broker import SecureBroker
from dataflow.services.service import Service

USERS = ("alice", "bob")
"""Of the secure broker, beside its administrator."""


def skip(reason: str) -> NoReturn:
    """Skip the test; in CI, where everything is there, that is a failure."""
    if os.environ.get("TAPELINE_NO_SKIP"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def market_data_folder() -> Path:
    """The folder of real market data; CI names it in TAPELINE_DATA, and there its absence is a failure."""
    folder = os.environ.get("TAPELINE_DATA", "")
    if not folder or not Path(folder).is_dir():
        skip("TAPELINE_DATA names no folder of real market data")
    return Path(folder)


def shared(kind: str, factory: pytest.TempPathFactory, make: Callable[[Path, int, int], Service]) -> Iterator[Service]:
    """One service for the whole test run: whoever comes first starts it, and it dies with the process of the run.

    `make` gets a folder, a port (0: any) and the process it dies with.
    """
    worker = "PYTEST_XDIST_WORKER" in os.environ
    root = factory.getbasetemp().parent if worker else factory.getbasetemp()
    owner = os.getppid() if worker else os.getpid()
    folder = root / kind
    with (root / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        note = root / f"{kind}.json"
        known = json.loads(note.read_text()) if note.is_file() else {"port": 0, "pid": 0}
        service = make(folder, known["port"], owner)
        if not service.adopt(known["pid"]):
            try:
                service.start()
            except Unavailable as fault:
                skip(str(fault))
            note.write_text(json.dumps({"port": service.ports[0], "pid": service.pid}))
    yield service
    if not worker:
        service.kill()


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A real broker, shared by all tests: `.brokers` is its address. Nobody kills this one; take `topic_prefix`."""
    yield from shared(
        "kafka-broker", tmp_path_factory, lambda folder, port, owner: Broker(folder, BrokerOptions(port, owner=owner))
    )


@pytest.fixture(scope="session")
def schema_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A real Schema Registry, shared by all tests: `.url` is its address."""
    yield from shared(
        "schema-registry",
        tmp_path_factory,
        lambda folder, port, owner: Registry(folder, RegistryOptions(port, owner=owner)),
    )


@pytest.fixture(scope="session")
def secure_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A real broker with TLS, passwords and ACLs, shared by all tests: `.brokers`, `.security_of(user)`, `.ca`."""
    yield from shared(
        "secure-broker",
        tmp_path_factory,
        lambda folder, port, owner: SecureBroker(folder, USERS, BrokerOptions(port, owner=owner)),
    )


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """Stands before the names of this test's topics, groups and subjects, so that nobody else uses them."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:60]
    return f"{name}-{secrets.token_hex(4)}-"


@pytest.fixture(scope="session")
def kafka_class_path() -> str:
    """Class path of Kafka's own Java clients and tools."""
    try:
        return artefacts().kafka_class_path
    except Unavailable as fault:
        skip(str(fault))
