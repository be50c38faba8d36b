"""`tapeline services`: a real Kafka broker and a real Schema Registry on this machine, without Docker."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import click

from dataflow.ports import InputFault
from dataflow.services import processes
from dataflow.services.addresses import LOOPBACK, is_free
from dataflow.services.broker import Broker, BrokerOptions
from dataflow.services.registry import Registry, RegistryOptions
from dataflow.services.service import Service
from jobs.data_option import DATA_OPTION
from jobs.plain_values import iso_time

KAFKA_PORT: Final = 9092
REGISTRY_PORT: Final = 8081
MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Running:
    """A line of the state file: a service that was started."""

    pid: int = 0
    port: int = 0
    since_ns: int = 0


@dataclass(frozen=True)
class Services:
    """Both services of a directory, and what the state file says of them."""

    file: Path
    members: dict[str, Service]
    known: dict[str, Running]

    def save(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps({name: asdict(one) for name, one in self.known.items()}, indent=2) + "\n")
        part.rename(self.file)


@click.group()
def services() -> None:
    """A real Kafka broker and a real Schema Registry on this machine, for trying out and developing."""


@services.command()
@DATA_OPTION
@click.option("--kafka-port", type=click.IntRange(1024, 65535), help=f"Default: {KAFKA_PORT}, or a free one.")
@click.option("--registry-port", type=click.IntRange(1024, 65535), help=f"Default: {REGISTRY_PORT}, or a free one.")
def up(data: Path, kafka_port: int | None, registry_port: int | None) -> None:
    """Start both, and leave them running. The first time they are fetched (170 MB) with Maven."""
    found = _services(data, {"broker": kafka_port, "registry": registry_port})
    for name, service in found.members.items():
        _start(found, name, service)
    _tell_what_next(found)


@services.command()
@DATA_OPTION
def down(data: Path) -> None:
    """Stop both. What they hold stays in DATA/services for the next `up`."""
    found = _services(data, {})
    for name, service in reversed(found.members.items()):
        if service.pid:
            service.stop()
            click.echo(f"{name}: stopped")
        else:
            click.echo(f"{name}: {_why_not(found.known[name])}")
        found.known[name] = replace(found.known[name], pid=0)
    if found.file.parent.is_dir():
        found.save()


@services.command()
@DATA_OPTION
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_context
def status(context: click.Context, data: Path, as_json: bool) -> None:
    """Whether they run, where, since when, and how much memory they use. The exit code is 1 unless both run."""
    found = _services(data, {})
    if as_json:
        click.echo(json.dumps({name: _facts(found, name) for name in found.members}))
    else:
        for name in found.members:
            click.echo(_line(found, name))
    if not all(service.pid for service in found.members.values()):
        context.exit(1)


def _services(data: Path, ports: dict[str, int | None]) -> Services:
    """The services of a directory; those that run are taken over. Ports that are asked for count where they do not."""
    folder = data.absolute() / "services"
    file = folder / "services.json"
    known = _known(file)
    members: dict[str, Service] = {}
    for name, preferred in (("broker", KAFKA_PORT), ("registry", REGISTRY_PORT)):
        before = known[name]
        members[name] = _member(folder, name, before.port or preferred)
        if not before.pid or not members[name].adopt(before.pid):
            asked = ports.get(name)
            if asked and not is_free(asked):
                raise InputFault(f"port {asked} for the {name} is taken by another program\n    give another port")
            members[name] = _member(folder, name, asked or before.port or preferred)
        elif ports.get(name) not in (None, before.port):
            raise InputFault(f"the {name} runs already, on port {before.port}\n    `tapeline services down` stops it")
    return Services(file, members, known)


def _member(folder: Path, name: str, port: int) -> Service:
    if name == "broker":
        return Broker(folder / name, BrokerOptions(port))
    return Registry(folder / name, RegistryOptions(port))


def _known(file: Path) -> dict[str, Running]:
    try:
        found = json.loads(file.read_text())
        return {name: Running(**found[name]) for name in ("broker", "registry")}
    except FileNotFoundError:
        return {"broker": Running(), "registry": Running()}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputFault(f"{file} is not what `tapeline services` wrote\n    remove it") from None


def _start(found: Services, name: str, service: Service) -> None:
    if service.pid:
        click.echo(f"{name}: runs already")
        return
    port = service.ports[0]
    if not is_free(port):
        service = found.members[name] = _member(found.file.parent, name, 0)
        click.echo(f"{name}: port {port} is taken by another program; taking {service.ports[0]}")
    click.echo(f"{name}: starting")
    service.start()
    found.known[name] = Running(service.pid, service.ports[0], time.time_ns())
    found.save()


def _tell_what_next(found: Services) -> None:
    for name in found.members:
        click.echo(_line(found, name))
    broker, registry = found.members["broker"], found.members["registry"]
    assert isinstance(broker, Broker)
    assert isinstance(registry, Registry)
    kafka, schemas = f"--kafka {broker.brokers}", f"--registry {registry.url}"
    click.echo(
        "\nNext: make the topics, register the schemas, put the sources' records into the topics, run the jobs on them"
    )
    click.echo(f"  tapeline topics apply {kafka}")
    click.echo(f"  tapeline schemas apply {schemas}")
    click.echo(f"  tapeline feed {kafka} {schemas}")
    click.echo(f"  tapeline run {kafka} {schemas}")


def _facts(found: Services, name: str) -> dict[str, object]:
    service, known = found.members[name], found.known[name]
    address = service.brokers if isinstance(service, Broker) else service.url if isinstance(service, Registry) else ""
    if not service.pid:
        return {"running": False, "why": _why_not(known)}
    return {
        "running": True,
        "address": address,
        "pid": service.pid,
        "since": iso_time(known.since_ns)[:19] + "Z",
        "memory_bytes": processes.resident_bytes(service.pid),
        "log": str(service.log),
    }


def _line(found: Services, name: str) -> str:
    facts = _facts(found, name)
    if not facts["running"]:
        return f"{name}: {facts['why']}"
    memory = processes.resident_bytes(found.members[name].pid) // MEGABYTE
    return f"{name}: {facts['address']}, process {facts['pid']}, {memory} MB, since {facts['since']}"


def _why_not(known: Running) -> str:
    if not known.pid:
        return "does not run"
    taken = known.port and not is_free(known.port)
    other = f"; port {LOOPBACK}:{known.port} is taken by another program" if taken else ""
    return f"has ended (process {known.pid} is gone){other}"
