"""A cluster for a test: its own prefix on the real broker and registry of the test run."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataflow.graph import KafkaSettings
from dataflow.services.broker import Broker
from dataflow.services.registry import Registry
from dataflow.services.secure_broker import SecureBroker
from tests.kafka.small_pipelines import Terminal


@pytest.fixture
def cluster(kafka_broker: Broker, schema_registry: Registry, topic_prefix: str) -> KafkaSettings:
    return KafkaSettings(kafka_broker.brokers, schema_registry.url, prefix=topic_prefix)


@pytest.fixture
def guarded_cluster(secure_broker: SecureBroker, topic_prefix: str) -> KafkaSettings:
    """The same on a broker with TLS, logins and ACLs, as its administrator."""
    return KafkaSettings(secure_broker.brokers, security=secure_broker.security, prefix=topic_prefix)


@pytest.fixture
def terminal(tmp_path: Path, cluster: KafkaSettings) -> Terminal:
    return Terminal(tmp_path, cluster)
