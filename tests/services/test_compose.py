"""docker-compose.yml is valid, its parts refer to each other rightly, and its broker is set as ours is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dataflow.services.artefacts import POM
from dataflow.services.broker_settings import COMMON

TREE = Path(__file__).parent.parent.parent
FILE = TREE / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
LONG_RUNNING = [name for name, service in SERVICES.items() if service.get("restart")]
PLACED = {"listeners", "advertised.listeners", "listener.security.protocol.map", "controller.quorum.voters", "log.dirs"}

JAVA = {"HEAP_OPTS", "JVM_PERFORMANCE_OPTS"}
"""Variables that are for Java, not for the broker."""


def broker_settings() -> dict[str, str]:
    """As the image's start script makes them of its variables."""
    found = SERVICES["broker"]["environment"].items()
    named = {name.removeprefix("KAFKA_"): value for name, value in found if name.startswith("KAFKA_")}
    return {name.lower().replace("_", "."): value for name, value in named.items() if name not in JAVA}


def dependencies() -> Iterator[tuple[str, str]]:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            yield name, how["condition"]


def mounts() -> list[str]:
    return [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]


def test_it_is_what_the_specification_says() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ok -- validation done\n")


def test_whoever_is_waited_for_can_be_waited_for() -> None:
    assert {name for name, how in dependencies()} <= set(SERVICES)
    assert all("healthcheck" in SERVICES[name] for name, how in dependencies() if how == "service_healthy")
    assert not [
        name for name, how in dependencies() if how == "service_completed_successfully" and name in LONG_RUNNING
    ]


def test_volumes_are_declared_and_folders_are_there() -> None:
    assert {name for name in mounts() if not name.startswith(".")} == set(COMPOSE["volumes"])
    assert all((TREE / name).is_dir() for name in mounts() if name.startswith("."))


def test_every_service_has_a_limit_of_memory_and_a_pinned_image() -> None:
    assert all("mem_limit" in service for service in SERVICES.values())
    assert all(re.search(r":\d", service["image"]) for service in SERVICES.values() if "build" not in service)


def test_everything_that_goes_on_says_how_it_is() -> None:
    dockerfile = (TREE / "deploy" / "Dockerfile").read_text()
    assert all("healthcheck" in SERVICES[name] or "build" in SERVICES[name] for name in LONG_RUNNING)
    assert re.search(r"^HEALTHCHECK ", dockerfile, re.MULTILINE)


def test_ports_are_opened_on_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_secrets_come_from_the_environment_alone() -> None:
    secrets = [
        value
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if "PASSWORD" in name
    ]
    assert secrets
    assert [value for value in secrets if not re.fullmatch(r"\$\{TAPELINE_\w+:\?[^}]+\}", value)] == []


def test_its_broker_is_set_as_the_one_of_tapeline_services() -> None:
    assert {name: value for name, value in broker_settings().items() if name not in PLACED} == dict(COMMON)


def test_its_versions_are_those_of_tapeline_services() -> None:
    pinned = re.findall(r"<version>(\d+\.\d+\.\d+)</version>", POM.read_text())
    assert SERVICES["broker"]["image"].partition(":")[2] in pinned
    assert SERVICES["registry"]["image"].partition(":")[2] in pinned


def test_what_the_image_is_made_of_is_there() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (TREE / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert "jobs" in names
    assert [name for name in names if not (TREE / name).exists()] == []


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\w+)$", (TREE / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    assert users == ["tapeline"]
