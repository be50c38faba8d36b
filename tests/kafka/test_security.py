"""A cluster with TLS, logins and ACLs: each refusal is one line at the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from dataflow.connectors.kafka import clients
from dataflow.connectors.kafka.clients import open_admin
from dataflow.graph import KafkaSecurity, KafkaSettings
from tests.kafka.small_pipelines import Terminal

ANOTHER_CA = Path(__file__).parent / "another_ca.pem"
ROUNDS = 4_096
LOOK = (AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS)

Changed = Callable[[KafkaSecurity], KafkaSecurity]

REFUSALS: dict[str, tuple[Changed, str]] = {
    "a wrong password": (lambda it: replace(it, password="wrong"), "wrong user name or password"),
    "an unknown user": (lambda it: replace(it, user="nobody"), "wrong user name or password"),
    "an untrusted certificate": (
        lambda it: replace(it, ca=str(ANOTHER_CA)),
        "nobody we trust has signed its certificate; see kafka.security.ca",
    ),
    "no certificates of our own to trust": (
        lambda it: replace(it, ca=""),
        "nobody we trust has signed its certificate; see kafka.security.ca",
    ),
}


def terminal_as(folder: Path, settings: KafkaSettings, security: KafkaSecurity) -> Terminal:
    return Terminal(folder, replace(settings, security=security))


def user_with(settings: KafkaSettings, rights: tuple[AclOperation, ...]) -> KafkaSecurity:
    """A new user that may do this with the topics under the prefix."""
    name = f"{settings.prefix}user"
    admin = open_admin(settings)
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ROUNDS)
    made = admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, credential, b"secret")])
    bindings = [
        AclBinding(
            ResourceType.TOPIC, settings.prefix, ResourcePatternType.PREFIXED, f"User:{name}", "*", right,
            AclPermissionType.ALLOW,
        )
        for right in rights
    ]  # fmt: skip
    for future in (*made.values(), *(admin.create_acls(bindings) if bindings else {}).values()):
        future.result()
    return replace(settings.security, user=name, password="secret")


def test_a_user_with_every_right_makes_the_topics(tmp_path: Path, guarded_cluster: KafkaSettings) -> None:
    terminal = Terminal(tmp_path, guarded_cluster)
    assert terminal.run("topics", "apply").exit_code == 0
    assert terminal.run("topics", "check").exit_code == 0


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_one_line(
    tmp_path: Path, guarded_cluster: KafkaSettings, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    change, fact = REFUSALS[case]
    refused = terminal_as(tmp_path, guarded_cluster, change(guarded_cluster.security)).run("topics", "plan")
    assert (refused.exit_code, refused.output) == (
        1, f"tapeline: cannot reach Kafka at {guarded_cluster.brokers}: {fact}\n",
    )  # fmt: skip
    assert capfd.readouterr() == ("", "")


def test_no_answer_at_all_points_at_the_protocol(
    tmp_path: Path, guarded_cluster: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "CONNECT_TIMEOUT_S", 1.0)
    without_login = KafkaSecurity("SSL", ca=guarded_cluster.security.ca)
    refused = terminal_as(tmp_path, guarded_cluster, without_login).run("topics", "plan")
    assert "nothing there answers as Kafka does; are port and kafka.security.protocol right?" in refused.output


def test_a_missing_right_to_look_is_one_line_and_no_missing_topic(
    tmp_path: Path, guarded_cluster: KafkaSettings
) -> None:
    refused = terminal_as(tmp_path, guarded_cluster, user_with(guarded_cluster, ())).run("topics", "plan")
    name = guarded_cluster.topic("raw-market-data")
    assert (refused.exit_code, refused.output) == (
        1, f"tapeline: cannot look at the topic {name}: the user has no right to do this with the topic\n",
    )  # fmt: skip


def test_a_missing_right_to_create_is_one_line_for_each_topic(tmp_path: Path, guarded_cluster: KafkaSettings) -> None:
    terminal = terminal_as(tmp_path, guarded_cluster, user_with(guarded_cluster, LOOK))
    planned, applied = terminal.run("topics", "plan"), terminal.run("topics", "apply")
    name = guarded_cluster.topic("orders")
    assert (planned.exit_code, applied.exit_code) == (0, 1)
    assert f"tapeline: cannot create the topic {name}: the user has no right to do this with the topic" in (
        applied.output.splitlines()
    )


def test_a_missing_right_to_change_is_one_line(tmp_path: Path, guarded_cluster: KafkaSettings) -> None:
    Terminal(tmp_path, guarded_cluster).run("topics", "apply")
    terminal = terminal_as(tmp_path, guarded_cluster, user_with(guarded_cluster, LOOK))
    terminal.change("retention: 24h", "retention: 7d")
    refused = terminal.run("topics", "apply")
    name = guarded_cluster.topic("raw-market-data")
    assert refused.exit_code == 1
    assert refused.output.splitlines()[:2] == [
        f"set retention.ms=604800000 on {name}",
        f"tapeline: cannot alter the topic {name}: the user has no right to do this with the topic",
    ]


def test_the_password_is_never_shown(tmp_path: Path, guarded_cluster: KafkaSettings) -> None:
    terminal = Terminal(tmp_path, guarded_cluster)
    shown = terminal.run("topics", "plan").output + repr(guarded_cluster) + repr(terminal.graph())
    assert guarded_cluster.security.password not in shown
