"""A real Schema Registry (Apicurio, with Confluent's interface) on loopback, its schemas in a file of its folder."""

from __future__ import annotations

import http.client
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dataflow.services.addresses import LOOPBACK, free_port
from dataflow.services.artefacts import Artefacts
from dataflow.services.service import Service, url

CONFLUENT_PATH: Final = "/apis/ccompat/v7"
ANSWER_TIMEOUT_S: Final = 2.0
OK: Final = 200


@dataclass(frozen=True)
class RegistryOptions:
    """How a registry runs."""

    port: int = 0
    """0: any free one."""
    heap_mb: int = 192
    owner: int | None = None
    """The process it dies with; None: it lives until it is ended."""


class Registry(Service):
    """A registry at `url` once it is started. What it has acknowledged is on disk."""

    name = "registry"
    archive = "registry.jsa"

    def __init__(self, folder: Path, options: RegistryOptions | None = None) -> None:
        self.options = options if options is not None else RegistryOptions(owner=os.getpid())
        super().__init__(folder, self.options.owner)
        self.port = self.options.port or free_port()

    @property
    def url(self) -> str:
        """Its address, as clients of Confluent's registry take it."""
        return url(self.port, CONFLUENT_PATH)

    @property
    def ports(self) -> tuple[int, ...]:
        return (self.port,)

    def prepare(self, programs: Artefacts) -> None:
        """Nothing: it makes its database itself."""

    def arguments(self, programs: Artefacts) -> tuple[str, ...]:
        # It compiles quickly and does little: an optimising compiler would only take the cores from others.
        flags = (f"-Xmx{self.options.heap_mb}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        return (*flags, "-jar", str(programs.registry))

    def environment(self) -> dict[str, str]:
        return {
            "QUARKUS_HTTP_HOST": LOOPBACK,
            "QUARKUS_HTTP_PORT": str(self.port),
            "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
            "APICURIO_STORAGE_KIND": "sql",
            "APICURIO_STORAGE_SQL_KIND": "h2",
            "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{self.folder / 'schemas'};WRITE_DELAY=0",
            "APICURIO_DATASOURCE_JDBC_INITIAL_SIZE": "2",
            "APICURIO_DATASOURCE_JDBC_MIN_SIZE": "2",
        }

    def answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=ANSWER_TIMEOUT_S)
        try:
            connection.request("GET", f"{CONFLUENT_PATH}/schemas/types")
            return connection.getresponse().status == OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def like(self, folder: Path) -> Service:
        return Registry(folder)
