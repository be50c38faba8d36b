"""The client of a Schema Registry, and its errors as one line for the person at the terminal.

Its library takes as long to import as everything else that a run on Kafka needs: only what speaks to a registry
imports this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.common._httpx_compat import httpx  # the library the registry client raises from
from confluent_kafka.schema_registry.error import SchemaRegistryError

from dataflow.connectors.kafka.clients import SECURITY_FILES, Unreachable, Value, readable
from dataflow.graph import KafkaSettings
from dataflow.ports import InputFault

REGISTRY_TIMEOUT_S: Final = 3
REGISTRY_RETRIES: Final = 1
REGISTRY_RETRY_MS: Final = 100
USER_INFO: Final = re.compile(r"(?<=://)[^/@\s]*@")
REGISTRY_ERRORS: Final = (SchemaRegistryError, httpx.HTTPError, httpx.InvalidURL)
NO_REGISTRY: Final = "it answers, but not as a Schema Registry; is the path of the URL right?"
SAID_BY_REGISTRY: Final = (
    ("Connection refused", "nothing listens there"),
    ("Name or service not known", "there is no such host"),
    ("nodename nor servname", "there is no such host"),
    ("No address associated", "there is no such host"),
    ("certificate verify failed", "nobody we trust has signed its certificate; see kafka.security.ca"),
    ("WRONG_VERSION_NUMBER", "there is no encryption on this port; write http://"),
    ("Expecting value", NO_REGISTRY),
    ("Unknown Schema Registry Error", NO_REGISTRY),
)
AWAY_STATUSES: Final = (-1, 502, 503, 504)
UNKNOWN_SCHEMA: Final = 40403
"""The registry's own code for an id that is not registered; another 404 comes from something else."""
STATUSES: Final = {
    401: "wrong user name or password",
    403: "the user has no right to do this",
    404: "it knows no such thing; is this the URL of a Schema Registry, path and all?",
}


def open_registry(settings: KafkaSettings) -> SchemaRegistryClient:
    """A client of the Schema Registry, which has answered once. Raises InputFault."""
    doing = f"reach the Schema Registry at {shown_registry(settings)}"
    with as_registry_faults(doing):
        registry = SchemaRegistryClient(_registry_config(settings))
    try:
        with as_registry_faults(doing):
            types = registry.get_schema_types()
        if not isinstance(types, list) or "AVRO" not in types:
            raise InputFault(f"cannot {doing}: {NO_REGISTRY}")
    except InputFault:
        registry.close()
        raise
    return registry


def _registry_config(settings: KafkaSettings) -> dict[str, Value]:
    found: dict[str, Value] = {
        "url": settings.registry,
        "timeout": REGISTRY_TIMEOUT_S,
        "max.retries": REGISTRY_RETRIES,
        "retries.wait.ms": REGISTRY_RETRY_MS,
    }
    if "https://" not in settings.registry:
        found["ssl.ca.location"] = False  # else it reads all certificates there are, for nothing
    else:
        files = {name: getattr(settings.security, name) for name in SECURITY_FILES}
        found |= {SECURITY_FILES[name]: readable(name, path) for name, path in files.items() if path}
    return found


def shown_registry(settings: KafkaSettings) -> str:
    """The registry's URL without a password in it."""
    return USER_INFO.sub("", settings.registry)


@contextmanager
def as_registry_faults(doing: str) -> Iterator[None]:
    """Errors of the registry's client inside become an InputFault: cannot `doing`, and why."""
    try:
        yield
    except (*REGISTRY_ERRORS, ValueError, OSError) as error:
        raise registry_fault_of(error, doing) from None


def registry_fault_of(error: Exception, doing: str) -> InputFault:
    """`cannot <doing>: <cause>` on one line. `error` is of the registry or of its HTTP client."""
    kind = Unreachable if _is_away(error) else InputFault
    return kind(f"cannot {doing}: {_registry_fact(error)}")


def _is_away(error: Exception) -> bool:
    """The registry did not answer, or not for itself."""
    if isinstance(error, SchemaRegistryError):
        return error.http_status_code in AWAY_STATUSES
    return isinstance(error, httpx.TransportError)


def _registry_fact(error: Exception) -> str:
    if isinstance(error, SchemaRegistryError):
        said = " ".join(str(error.error_message).split())
        known = next((fact for part, fact in SAID_BY_REGISTRY if part in said), "")
        return STATUSES.get(error.http_status_code) or known or f"{said} (status {error.http_status_code})"
    said = " ".join(str(error).split())
    if isinstance(error, httpx.TimeoutException):
        return f"no answer in {REGISTRY_TIMEOUT_S} s"
    return next((fact for part, fact in SAID_BY_REGISTRY if part in said), said or type(error).__name__)
