"""A real Apache Kafka broker: one node, broker and controller at once, on loopback."""

from __future__ import annotations

import base64
import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from dataflow.graph import KafkaSecurity
from dataflow.ports import InputFault
from dataflow.services import broker_settings
from dataflow.services.addresses import LOOPBACK, free_port
from dataflow.services.artefacts import LOGGING, Artefacts
from dataflow.services.service import Service

ANSWER_TIMEOUT_S: Final = 0.5
FORMAT_TIMEOUT_S: Final = 120


@dataclass(frozen=True)
class BrokerOptions:
    """How a broker runs."""

    port: int = 0
    """For clients; 0: any free one."""
    heap_mb: int = 512
    young_mb: int = 32
    """Of the heap, for new objects. A collection of them stops the broker for a time that grows with their room: 17 ms
    for the third of the heap that Java gives them unless told, 9 ms for this much."""
    owner: int | None = None
    """The process it dies with; None: it lives until it is ended."""


class Broker(Service):
    """A broker that lets everybody on this machine in, at `brokers` once it is started."""

    name = "broker"
    archive = "broker.jsa"

    def __init__(self, folder: Path, options: BrokerOptions | None = None) -> None:
        self.options = options if options is not None else BrokerOptions(owner=os.getpid())
        super().__init__(folder, self.options.owner)
        port = self.options.port or free_port()
        self.place = broker_settings.Place(port, free_port(), self.folder / "data")
        self._admin: AdminClient | None = None

    @property
    def brokers(self) -> str:
        """Its address, as clients take it."""
        return f"{LOOPBACK}:{self.place.port}"

    @property
    def security(self) -> KafkaSecurity:
        """How clients get in."""
        return KafkaSecurity()

    @property
    def ports(self) -> tuple[int, ...]:
        return self.place.port, self.place.controller_port

    def settings(self) -> dict[str, str]:
        """What its server.properties says."""
        return broker_settings.plain(self.place)

    def prepare(self, programs: Artefacts) -> None:
        properties = self.folder / "server.properties"
        properties.touch(mode=0o600)
        properties.write_text(broker_settings.rendered(self.settings()))
        if not (self.place.data / "meta.properties").is_file():
            self._format(programs)

    def arguments(self, programs: Artefacts) -> tuple[str, ...]:
        return (
            f"-Xmx{self.options.heap_mb}m",
            f"-Xmn{self.options.young_mb}m",
            "-XX:+UseSerialGC",
            f"-Dlog4j2.configurationFile={LOGGING}",
            "-cp",
            programs.kafka_class_path,
            "kafka.Kafka",
            str(self.folder / "server.properties"),
        )

    def environment(self) -> dict[str, str]:
        return {}

    def answers(self) -> bool:
        if self._admin is None:
            self._admin = AdminClient(self._client_config())
        try:
            found = bool(self._admin.list_topics(timeout=ANSWER_TIMEOUT_S).brokers)
        except KafkaException:
            return False
        self._admin = None
        return found

    def like(self, folder: Path) -> Service:
        return Broker(folder, BrokerOptions(owner=os.getpid()))

    def format_arguments(self) -> tuple[str, ...]:
        """More arguments of the tool that makes an empty log directory."""
        return ()

    def _client_config(self) -> dict[str, Any]:
        security = self.security
        found: dict[str, Any] = {
            "bootstrap.servers": self.brokers,
            "security.protocol": security.protocol,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 100,
            "log_level": 0,
        }
        if security.user:
            found |= {"sasl.mechanism": security.mechanism, "ssl.ca.location": security.ca}
            found |= {"sasl.username": security.user, "sasl.password": security.password}
        return found

    def _format(self, programs: Artefacts) -> None:
        cluster = base64.urlsafe_b64encode(b"\x01" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        command = [programs.java, *self._flags, "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile={LOGGING}"]
        command = [flag for flag in command if "ArchiveClassesAtExit" not in flag]
        command += ["-cp", programs.kafka_class_path, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        command += ["-t", cluster, "-c", str(self.folder / "server.properties"), *self.format_arguments()]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FORMAT_TIMEOUT_S)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise InputFault(f"cannot prepare {self.place.data} for a broker: {said[-1] if said else 'no reason said'}")
