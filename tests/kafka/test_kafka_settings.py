"""The section `kafka` of pipelines.yaml: what it gives, what is wrong with it, and what of it is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dataflow.connectors.kafka.clients import client_config, open_admin
from dataflow.connectors.kafka.registry import open_registry
from dataflow.document.settings import without_secrets
from dataflow.graph import KafkaSecurity, KafkaSettings
from dataflow.load import load_graph, load_settings
from dataflow.ports import InputFault
from jobs.catalog import catalog
from jobs.kafka_options import kafka_settings, need_brokers
from tests.graph.loading import faults, load
from tests.graph.small_catalog import GOOD

PIPELINES = Path(__file__).parents[2] / "pipelines.yaml"
SECURE = """\
kafka:
  brokers: b1:9092,b2:9092
  registry: https://registry.example:8081
  security: {protocol: SASL_SSL, mechanism: SCRAM-SHA-256, user: tape, password: "${SECRET}", ca: certificates/ca.pem}
  replication: 3
  prefix: test-
"""
CASES = {
    "brokers without a port": (
        "brokers: localhost",
        (
            "21:12: kafka.brokers: is 'localhost' / write host:port, several separated by commas, for example"
            " broker1:9092,broker2:9092"
        ),
    ),
    "a port that is none": (
        "brokers: 'a:9092,b:90921'",
        (
            "21:12: kafka.brokers: is 'a:9092,b:90921' / write host:port, several separated by commas, for example"
            " broker1:9092,broker2:9092"
        ),
    ),
    "a registry that is no URL": (
        "registry: localhost:8081",
        "21:13: kafka.registry: is no URL / write the URL of a Schema Registry, for example http://localhost:8081",
    ),
    "a prefix that no topic may have": (
        "prefix: a/b",
        "21:11: kafka.prefix: is 'a/b' / use letters, digits, '-', '_' and '.', at most 100 of them",
    ),
    "no copies": ("replication: 0", "21:16: kafka.replication: is '0' / write a whole number of at least 1"),
    "an unknown protocol": (
        "security: {protocol: TLS}",
        "21:24: kafka.security.protocol: is 'TLS' / choose one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
    ),
    "an unknown mechanism": (
        "security: {mechanism: GSSAPI}",
        "21:25: kafka.security.mechanism: is 'GSSAPI' / choose one of SCRAM-SHA-512, SCRAM-SHA-256, PLAIN",
    ),
    "a password in the file": (
        "security: {protocol: SASL_SSL, user: a, password: hunter2}",
        (
            "21:53: kafka.security.password: a secret stands in the file / take it from the environment:"
            " ${KAFKA_SECURITY_PASSWORD}"
        ),
    ),
    "a password in the URL of the registry": (
        "registry: https://me:hunter2@registry:8081",
        "21:13: kafka.registry: a secret stands in the file / take it from the environment: ${KAFKA_REGISTRY}",
    ),
    "a login without a password": (
        "security: {protocol: SASL_SSL, user: a}",
        "21:13: kafka.security.password: is missing: SASL_SSL logs in / take it from the environment: ${NAME}",
    ),
    "a user where nobody logs in": (
        "security: {user: a}",
        (
            "21:20: kafka.security.user: is given, but the protocol PLAINTEXT logs nobody in"
            " / choose SASL_SSL, or remove it"
        ),
    ),
    "a certificate where nothing is encrypted": (
        "security: {ca: ca.pem}",
        (
            "21:18: kafka.security.ca: is given, but the protocol PLAINTEXT does not encrypt"
            " / choose SSL or SASL_SSL, or remove it"
        ),
    ),
    "a certificate without its key": (
        "security: {protocol: SSL, certificate: me.pem}",
        (
            "21:13: kafka.security.key: is missing, while the certificate is there"
            " / a certificate and its private key go together"
        ),
    ),
    "an unknown field": (
        "broker: a:9092",
        "21:3: kafka.broker: there is no such field / did you mean 'brokers'?",
    ),
}


def with_kafka(field: str) -> str:
    return f"{GOOD}kafka:\n  {field}\n"


@pytest.mark.parametrize("case", CASES)
def test_a_fault_has_its_place_and_its_remedy(tmp_path: Path, case: str) -> None:
    field, fault = CASES[case]
    assert fault in faults(tmp_path, with_kafka(field))


def test_more_copies_to_wait_for_than_there_are_is_a_fault(tmp_path: Path) -> None:
    text = with_kafka("replication: 2").replace("compression: lz4", "min_insync_replicas: 3")
    assert faults(tmp_path, text) == [
        (
            "4:92: streams.prices.min_insync_replicas: is 3, and topics have 2 copies"
            " / raise kafka.replication, or lower this"
        )
    ]


def test_a_topic_with_a_longer_name_than_kafka_takes_is_a_fault(tmp_path: Path) -> None:
    name = "s" * 160
    text = with_kafka(f"prefix: {'p' * 90}").replace("  prices: {", f"  {name}: {{").replace("prices", name)
    assert faults(tmp_path, text) == [
        (
            f"4:3: streams.{name}: its topic, prefix included, has 250 characters, and Kafka takes 249"
            " / choose a shorter name or prefix"
        )
    ]


def test_without_the_section_there_is_no_cluster(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).kafka == KafkaSettings()


def test_everything_declared_reaches_the_graph(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD + SECURE, variables={"SECRET": "hunter2"}).kafka
    security = KafkaSecurity("SASL_SSL", "SCRAM-SHA-256", "tape", "hunter2", str(tmp_path / "certificates/ca.pem"))
    assert found == KafkaSettings("b1:9092,b2:9092", "https://registry.example:8081", security, 3, "test-")
    assert found.topic("prices") == "test-prices"
    assert found.subject("prices") == "test-prices-value"
    assert found.turns_topic("default") == "test-tapeline-default-turns"


def test_no_password_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "pipelines.yaml"
    path.write_text(GOOD + SECURE.replace("https://registry", "https://me:${SECRET}@registry"))
    tree = load_settings(path, variables={"SECRET": "hunter2"})
    graph = load(tmp_path, path.read_text(), variables={"SECRET": "hunter2"})
    assert graph.kafka.registry == "https://me:hunter2@registry.example:8081"
    assert "hunter2" not in yaml.serialize(without_secrets(tree)) + repr(graph)


@pytest.mark.parametrize("environment", ["default", "development", "production"])
def test_the_pipelines_of_this_tree_may_lie_in_kafka(environment: str) -> None:
    variables = {"TAPELINE_KAFKA": "localhost:9092", "TAPELINE_KAFKA_PREFIX": "a-"}
    settings = load_graph(PIPELINES, catalog(), environment, variables).kafka
    assert (settings.brokers, settings.topic("trades")) == ("localhost:9092", "a-trades")


def test_options_name_another_cluster_for_once(tmp_path: Path) -> None:
    graph = load(tmp_path, GOOD + SECURE, variables={"SECRET": "x"})
    settings = kafka_settings(graph, "other:9093", None)
    assert (settings.brokers, settings.registry, settings.replication) == (
        "other:9093", "https://registry.example:8081", 3,
    )  # fmt: skip
    with pytest.raises(InputFault, match="--kafka nowhere: write host:port"):
        kafka_settings(graph, "nowhere", None)


def test_a_command_that_needs_kafka_says_so() -> None:
    with pytest.raises(InputFault, match="no Kafka is named"):
        need_brokers(KafkaSettings())


def test_a_login_reaches_the_client_and_not_its_log() -> None:
    security = KafkaSecurity("SASL_PLAINTEXT", "PLAIN", "tape", "hunter2")
    config = client_config(KafkaSettings("b:9092", security=security))
    assert (config["sasl.mechanism"], config["sasl.username"], config["sasl.password"]) == ("PLAIN", "tape", "hunter2")
    assert config["log_level"] == 0


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (KafkaSettings("127.0.0.1:1"), "cannot reach Kafka at 127.0.0.1:1: nothing listens there"),
        (
            KafkaSettings("127.0.0.1:1", security=KafkaSecurity("SSL", ca="/nowhere/ca.pem")),
            "kafka.security.ca: cannot read /nowhere/ca.pem: no such file or directory",
        ),
        (
            KafkaSettings("127.0.0.1:1", security=KafkaSecurity("SSL", ca=str(PIPELINES))),
            "cannot reach Kafka at 127.0.0.1:1: kafka.security.ca holds no certificate",
        ),
    ],
)
def test_a_cluster_that_cannot_be_reached_is_one_line(
    settings: KafkaSettings, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputFault) as caught:
        open_admin(settings)
    assert str(caught.value) == fault
    assert capfd.readouterr() == ("", "")


def test_a_registry_that_cannot_be_reached_is_one_line_without_its_password() -> None:
    with pytest.raises(InputFault) as caught:
        open_registry(KafkaSettings(registry="http://me:hunter2@127.0.0.1:1/apis"))
    assert str(caught.value) == "cannot reach the Schema Registry at http://127.0.0.1:1/apis: nothing listens there"
