"""The programs that services run, fetched once with Maven into a cache that all projects of a user share.

Invariant: a folder of artefacts is whole. It is filled under another name and renamed when Maven is done, so that
whoever is killed meanwhile leaves only a folder that the next one removes; a lock keeps two from fetching at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from dataflow.ports import InputFault

POM: Final = Path(__file__).with_name("pom.xml")
LOGGING: Final = Path(__file__).with_name("log4j2.properties")
JAVA_RELEASE_MIN: Final = 17
MAVEN_TIMEOUT_S: Final = 900
REGISTRY_PROGRAM: Final = "registry/apicurio-registry-app-3.0.9-runner.jar"
VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')


class Unavailable(InputFault):
    """Services cannot run on this machine: Java, Maven or what they would fetch is missing."""


@dataclass(frozen=True)
class Artefacts:
    """Where the programs are. `folder` holds `kafka/` and `registry/`."""

    folder: Path
    java: str

    @property
    def kafka_class_path(self) -> str:
        """Class path of the broker, its tools and the Java clients, as `java -cp` takes it."""
        return f"{self.folder / 'kafka'}/*"

    @property
    def registry(self) -> Path:
        return self.folder / REGISTRY_PROGRAM


def cache_folder() -> Path:
    """TAPELINE_SERVICES, or `tapeline/services` in the user's cache directory."""
    given = os.environ.get("TAPELINE_SERVICES")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tapeline" / "services"


def artefacts() -> Artefacts:
    """The programs, fetched if they are not there yet. Raises Unavailable."""
    java = _java(os.environ.get("JAVA_HOME", ""))
    folder = cache_folder().absolute() / hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    if not folder.is_dir():
        with locked(folder):
            if not folder.is_dir():
                _fetch(folder)
    return Artefacts(folder, java)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one process at a time, of all that name the same folder."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{folder}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unavailable(
            f"cannot keep services in {folder.parent}: {error.strerror}\n    set TAPELINE_SERVICES to another folder"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _java(home: str) -> str:
    java = shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")
    remedy = f"install Java {JAVA_RELEASE_MIN} or later, or set JAVA_HOME to one"
    if java is None:
        raise Unavailable(f"no java is found {f'in JAVA_HOME={home}' if home else 'on the PATH'}\n    {remedy}")
    said = _says(java)
    version = VERSION.search(said)
    if version is None or int(version[1]) < JAVA_RELEASE_MIN:
        raise Unavailable(f"{java} is {said or 'no Java'}\n    {remedy}")
    return java


@cache
def _says(java: str) -> str:
    """The first line about its version: before it may stand options that the environment gives it."""
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return next((line.strip() for line in said.splitlines() if not line.startswith("Picked up ")), "")


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("no mvn is on the PATH, to fetch Kafka and the Schema Registry with\n    install Maven")
    for left in folder.parent.glob(f"{folder.name}.part-*"):
        shutil.rmtree(left, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
    try:
        shutil.copy(POM, staging)
        command = [maven, "-q", "-B", "-f", str(staging / POM.name), "generate-resources"]
        _run([*command, f"-Dservices.target={staging}"])
        if not (staging / REGISTRY_PROGRAM).is_file():
            raise Unavailable(f"Maven brought no {REGISTRY_PROGRAM}")
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=MAVEN_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Maven has not brought the services in {MAVEN_TIMEOUT_S} s; is the network slow?") from None
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if "[ERROR]" in line]
        fact = lines[0].replace("[ERROR]", "").strip() if lines else f"it ended with {done.returncode}"
        remedy = "is there a network, or a mirror in Maven's settings.xml?"
        raise Unavailable(f"Maven cannot fetch Kafka and the Schema Registry: {fact}\n    {remedy}")
