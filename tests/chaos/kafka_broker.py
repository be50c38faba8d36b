"""The broker of the fault matrix: it ends forgotten transactions soon, and one of its listeners is behind a proxy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient

from dataflow.services.addresses import LOOPBACK, free_port
from dataflow.services.artefacts import Artefacts, artefacts
from dataflow.services.broker import Broker

QUICK = {
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "300",
    "log.index.size.max.bytes": "1048576",
    "file.delete.delay.ms": "1000",
}


class ChaosBroker(Broker):
    """May be killed and started again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.behind = (LOOPBACK, free_port())
        """Where a proxy that listens on `proxied` leads to."""
        self.proxied = (LOOPBACK, free_port())

    def settings(self) -> dict[str, str]:
        plain = super().settings()
        listener, advertised = (f"PROXIED://{host}:{port}" for host, port in (self.behind, self.proxied))
        own = {
            "listeners": f"{plain['listeners']},{listener}",
            "advertised.listeners": f"{plain['advertised.listeners']},{advertised}",
            "listener.security.protocol.map": f"{plain['listener.security.protocol.map']},PROXIED:PLAINTEXT",
        }
        return {**plain, **QUICK, **own}

    def admin(self) -> AdminClient:
        config: dict[str, Any] = {"bootstrap.servers": self.brokers, "log_level": 0}
        return AdminClient(config)


def java(*arguments: str) -> list[str]:
    """The command that runs a class of Kafka's. Raises Unavailable."""
    programs: Artefacts = artefacts()
    return [
        programs.java,
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        programs.kafka_class_path,
        *arguments,
    ]
