"""What services run is fetched once, whole or not at all, and a missing tool is one line."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dataflow.services.artefacts import REGISTRY_PROGRAM, Unavailable, artefacts, cache_folder

JAVA_17 = "#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n"
JAVA_17_WITH_OPTIONS = JAVA_17.replace("echo", "echo 'Picked up JAVA_TOOL_OPTIONS: -Xss1m' >&2\necho")
JAVA_11 = "#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n"
MAVEN = """#!/bin/sh
for argument; do case $argument in -Dservices.target=*) target=${argument#*=};; esac; done
echo fetched >> "$FETCHES"
mkdir -p "$target/kafka" "$target/registry"
sleep ${FETCH_S:-0}
echo jar > "$target/PROGRAM"
""".replace("PROGRAM", REGISTRY_PROGRAM)
OFFLINE = "#!/bin/sh\necho '[ERROR] Could not transfer artifact: Unknown host'\nexit 1\n"
ASK = "from dataflow.services.artefacts import artefacts; print(artefacts().registry.is_file())"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the PATH but the system's own, and an empty cache."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("sh", "sleep", "mkdir"):
        (folder / name).symlink_to(Path("/bin", name))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("TAPELINE_SERVICES", str(tmp_path / "cache"))
    monkeypatch.setenv("FETCHES", str(tmp_path / "fetches"))
    return folder


def put(tools: Path, name: str, text: str) -> None:
    path = tools / name
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def asking() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", ASK], stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_without_java_it_says_what_to_install(tools: Path) -> None:
    with pytest.raises(Unavailable, match="no java is found on the PATH\n    install Java 17 or later"):
        artefacts()


def test_a_java_that_is_too_old_is_named(tools: Path) -> None:
    put(tools, "java", JAVA_11)
    with pytest.raises(Unavailable, match=r'java is openjdk version "11\.0\.2".*\n    install Java 17 or later'):
        artefacts()


def test_options_that_the_environment_gives_java_do_not_hide_its_version(tools: Path) -> None:
    put(tools, "java", JAVA_17_WITH_OPTIONS)
    with pytest.raises(Unavailable, match="no mvn is on the PATH"):
        artefacts()


def test_without_maven_it_says_what_to_install(tools: Path) -> None:
    put(tools, "java", JAVA_17)
    with pytest.raises(Unavailable, match="no mvn is on the PATH"):
        artefacts()


def test_without_a_network_it_says_what_maven_said_and_leaves_nothing(tools: Path) -> None:
    put(tools, "java", JAVA_17)
    put(tools, "mvn", OFFLINE)
    with pytest.raises(Unavailable, match="Could not transfer artifact: Unknown host\n    is there a network"):
        artefacts()
    assert [path for path in cache_folder().iterdir() if path.is_dir()] == []


def test_two_at_once_fetch_once(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tools, "java", JAVA_17)
    put(tools, "mvn", MAVEN)
    monkeypatch.setenv("FETCH_S", "0.3")
    both = [asking(), asking()]
    assert [process.communicate()[0] for process in both] == ["True\n", "True\n"]
    assert (tmp_path / "fetches").read_text() == "fetched\n"


def test_a_fetch_that_is_killed_leaves_nothing_half(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tools, "java", JAVA_17)
    put(tools, "mvn", '#!/bin/sh\necho begun > "$FETCHES.begun"\n' + MAVEN)
    os.mkfifo(tmp_path / "fetches.begun")
    monkeypatch.setenv("FETCH_S", "600")
    process = asking()
    assert (tmp_path / "fetches.begun").read_text() == "begun\n"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (tmp_path / "fetches.begun").unlink()
    monkeypatch.setenv("FETCH_S", "0")
    assert artefacts().registry.is_file()
    assert len([path for path in cache_folder().iterdir() if path.is_dir()]) == 1


def test_a_cache_that_cannot_be_written_is_one_line(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tools, "java", JAVA_17)
    put(tools, "mvn", MAVEN)
    (tmp_path / "file").touch()
    monkeypatch.setenv("TAPELINE_SERVICES", str(tmp_path / "file" / "cache"))
    with pytest.raises(Unavailable, match=r"cannot keep services in .*\n    set TAPELINE_SERVICES"):
        artefacts()
