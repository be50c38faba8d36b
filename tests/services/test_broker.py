"""The broker of a test run can be killed and started again, and is gone with whoever started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from dataflow.ports import InputFault
from dataflow.services import processes
from dataflow.services.addresses import LOOPBACK, PORTS, free_port
from dataflow.services.broker import Broker, BrokerOptions
from tests.services.messages import client_config, held, put

OWNER = Path(__file__).with_name("owner.py")
TREE = Path(__file__).parent.parent.parent
VALUES = [b"%d" % number for number in range(100)]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, kafka_class_path: str) -> Iterator[Broker]:
    """One of our own, to be killed."""
    broker = Broker(tmp_path_factory.mktemp("broker"))
    yield broker.start()
    broker.kill()


def test_what_was_acknowledged_is_there_after_sigkill_and_restart(broker: Broker, topic_prefix: str) -> None:
    topic, address, pid = f"{topic_prefix}kept", broker.brokers, broker.pid
    put(broker, topic, VALUES)
    broker.kill()
    assert not processes.runs(pid)
    broker.restart()
    assert broker.brokers == address
    assert held(broker, topic, len(VALUES)) == VALUES


def test_a_paused_broker_answers_nothing_and_goes_on_afterwards(broker: Broker) -> None:
    admin = AdminClient(client_config(broker))
    broker.pause()
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=0.5)
    broker.resume()
    assert admin.list_topics(timeout=20).brokers


def test_starting_a_broker_that_runs_changes_nothing(broker: Broker) -> None:
    pid = broker.pid
    broker.start()
    assert broker.pid == pid


def test_a_port_that_another_program_has_is_one_line(tmp_path: Path, kafka_class_path: str) -> None:
    with socket.create_server((LOOPBACK, free_port())) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputFault, match=f"cannot start the broker: port {port} is taken by another program"):
            Broker(tmp_path, BrokerOptions(port)).start()


def test_ports_are_below_those_of_outgoing_connections() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert PORTS.stop <= first


def test_a_service_dies_with_the_process_that_started_it(tmp_path: Path, kafka_class_path: str) -> None:
    command = [sys.executable, str(OWNER), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", str(TREE))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout is not None
        service = processes.Process(pid := int(owner.stdout.readline()), pid)
        assert service.alive()
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    assert service.wait(10)


def test_a_service_dies_with_its_keeper(tmp_path: Path) -> None:
    launch = processes.Launch(("/bin/sleep", "600"), {}, tmp_path / "log")
    process = processes.start(launch, os.getpid())
    assert process.waited != process.pid
    os.kill(process.waited, signal.SIGKILL)
    assert process.wait(10)


def test_nothing_is_started_for_an_owner_that_has_ended(tmp_path: Path) -> None:
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    launch = processes.Launch(("/bin/sleep", "600"), {}, tmp_path / "log")
    with pytest.raises(InputFault, match="the process that wants it has ended"):
        processes.start(launch, ended.pid)


def test_it_uses_little_memory(broker: Broker) -> None:
    assert 0 < processes.resident_bytes(broker.pid) < 900_000_000
