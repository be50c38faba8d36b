"""The broker's settings, in one place for the one that we start and the one of docker-compose.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dataflow.services.addresses import LOOPBACK

COMMON: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENTS",
    "auto.create.topics.enable": "false",
    # One broker: its own topics have one copy, and few partitions to recover after a kill.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "5",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # A consumer group begins at once, instead of waiting 3 s for members that may come.
    "group.initial.rebalance.delay.ms": "0",
    # A killed broker is taken back once its last session is over: 9 s unless told.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "1000",
    # What clients of ours keep to by themselves is not asked of the coordinator again for each partition of each
    # transaction: docs/decisions/0014 says why that is safe, and for whom it is not.
    "transaction.partition.verification.enable": "false",
    # Requests that were answered are let go of soon. A thousand of them, unless told, live long enough to be moved
    # among the old objects, which every collection of the young ones then has to look through.
    "fetch.purgatory.purge.interval.requests": "20",
    "producer.purgatory.purge.interval.requests": "20",
    # Of the heap; 128 MB unless told.
    "log.cleaner.dedupe.buffer.size": "16777216",
}
SECURE: Final[Mapping[str, str]] = {
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "ssl.keystore.type": "PEM",
    "ssl.truststore.type": "PEM",
    "listener.name.controller.ssl.client.auth": "required",
}


@dataclass(frozen=True)
class Place:
    """Where a broker listens and keeps its data."""

    port: int
    controller_port: int
    data: Path


def plain(place: Place) -> dict[str, str]:
    """A broker that lets everybody on this machine in."""
    return {**COMMON, **_placed(place), **_protocols("PLAINTEXT", "PLAINTEXT")}


def secure(place: Place, administrator: tuple[str, str], certificates: Path) -> dict[str, str]:
    """A broker with TLS, SCRAM and ACLs; it logs in to itself as the administrator, to its controller by certificate.

    `administrator` is a name and a password; `certificates` holds `ca.pem` and `broker.pem` (see `certificates`).
    """
    name, password = administrator
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
    return {
        **COMMON,
        **SECURE,
        **_placed(place),
        **_protocols("SASL_SSL", "SSL"),
        "super.users": f"User:{name};User:CN=broker",
        "ssl.keystore.location": str(certificates / "broker.pem"),
        "ssl.truststore.location": str(certificates / "ca.pem"),
        "listener.name.clients.scram-sha-512.sasl.jaas.config": f'{login} username="{name}" password="{password}";',
    }


def rendered(settings: Mapping[str, str]) -> str:
    """As a file of Java properties."""
    return "".join(f"{name}={value}\n".replace("\\", "\\\\") for name, value in settings.items())


def _placed(place: Place) -> dict[str, str]:
    clients, controller = f"{LOOPBACK}:{place.port}", f"{LOOPBACK}:{place.controller_port}"
    return {
        "listeners": f"CLIENTS://{clients},CONTROLLER://{controller}",
        "advertised.listeners": f"CLIENTS://{clients}",
        "controller.quorum.voters": f"1@{controller}",
        "log.dirs": str(place.data),
    }


def _protocols(clients: str, controller: str) -> dict[str, str]:
    return {"listener.security.protocol.map": f"CLIENTS:{clients},CONTROLLER:{controller}"}
