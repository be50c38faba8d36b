"""A cluster for a test: its own prefix on the real broker and registry of the test run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataflow.graph import KafkaSettings
from tests.kafka.small_pipelines import Terminal


def service(request: pytest.FixtureRequest, name: str) -> Any:
    try:
        return request.getfixturevalue(name)
    except pytest.FixtureLookupError:
        pytest.skip(f"no fixture {name}")


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> KafkaSettings:
    broker, registry, prefix = (service(request, name) for name in ("kafka_broker", "schema_registry", "topic_prefix"))
    return KafkaSettings(broker.brokers, registry.url, prefix=prefix)


@pytest.fixture
def guarded_cluster(request: pytest.FixtureRequest) -> KafkaSettings:
    """The same on a broker with TLS, logins and ACLs, as its administrator."""
    broker, prefix = (service(request, name) for name in ("secure_broker", "topic_prefix"))
    return KafkaSettings(broker.brokers, security=broker.security, prefix=prefix)


@pytest.fixture
def terminal(tmp_path: Path, cluster: KafkaSettings) -> Terminal:
    return Terminal(tmp_path, cluster)


@pytest.fixture(scope="session")
def java_class_path(request: pytest.FixtureRequest) -> str:
    return str(service(request, "kafka_class_path"))
