"""A broker with TLS, passwords and ACLs lets in whom it should."""

from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from dataflow.services.certificates import make_certificates
from dataflow.services.secure_broker import ADMINISTRATOR, SecureBroker

TIMEOUT_S = 20.0


class Errors(list[int]):
    """The codes of what a client complained of."""

    def note(self, error: KafkaError) -> None:
        self.append(error.code())


def client_config(broker: SecureBroker, user: str, **changes: Any) -> dict[str, Any]:
    security = broker.security_of(user)
    return {
        "bootstrap.servers": broker.brokers,
        "security.protocol": security.protocol,
        "sasl.mechanism": security.mechanism,
        "sasl.username": security.user,
        "sasl.password": security.password,
        "ssl.ca.location": security.ca,
        "log_level": 0,
    } | changes


def is_refused(config: dict[str, Any], code: int) -> bool:
    """Whether a client never gets in, and is told so."""
    errors = Errors()
    admin = AdminClient(config | {"error_cb": errors.note})
    deadline = time.monotonic() + TIMEOUT_S
    while code not in errors and time.monotonic() < deadline:
        with pytest.raises(KafkaException):
            admin.list_topics(timeout=0.2)
        admin.poll(0)
    return code in errors


def test_the_right_password_opens(secure_broker: SecureBroker) -> None:
    assert AdminClient(client_config(secure_broker, ADMINISTRATOR)).list_topics(timeout=TIMEOUT_S).brokers


def test_a_wrong_password_is_refused(secure_broker: SecureBroker) -> None:
    config = client_config(secure_broker, "alice", **{"sasl.password": "wrong"})
    assert is_refused(config, KafkaError._AUTHENTICATION)


def test_a_client_that_trusts_another_authority_does_not_connect(
    secure_broker: SecureBroker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("others")
    make_certificates(folder)
    config = client_config(secure_broker, "alice", **{"ssl.ca.location": str(folder / "ca.pem")})
    assert is_refused(config, KafkaError._SSL)


def test_a_user_sees_and_does_only_what_an_acl_allows(secure_broker: SecureBroker, topic_prefix: str) -> None:
    admin = AdminClient(client_config(secure_broker, ADMINISTRATOR))
    alice = AdminClient(client_config(secure_broker, "alice"))
    topic = f"{topic_prefix}hers"
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(TIMEOUT_S)
    assert topic not in alice.list_topics(timeout=TIMEOUT_S).topics
    acl = AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        "User:alice",
        "*",
        AclOperation.DESCRIBE,
        AclPermissionType.ALLOW,
    )
    admin.create_acls([acl])[acl].result(TIMEOUT_S)
    assert topic in alice.list_topics(timeout=TIMEOUT_S).topics
    with pytest.raises(KafkaException) as fault:
        alice.create_topics([NewTopic(f"{topic_prefix}more", 1, 1)])[f"{topic_prefix}more"].result(TIMEOUT_S)
    assert fault.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
