from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.connectors.files.lines import CHUNK_BYTES, LINE_BYTES_MAX, LineFile, estimated_lines
from dataflow.ports import InputFault
from tests.feeds.reading import write_zip

MANY = "".join(f"{number},{'x' * (number % 90)}\n" for number in range(20_000))
"""More than two chunks."""


def packed(folder: Path, text: str) -> list[Path]:
    """The same text plain, in a .gz and in a .zip."""
    plain, gz = folder / "lines.csv", folder / "lines.csv.gz"
    plain.write_text(text, newline="")
    gz.write_bytes(gzip.compress(text.encode()))
    return [plain, gz, write_zip(folder / "lines.zip", text)]


def lines_of(path: Path, limit: int = 100_000) -> list[bytes]:
    file = LineFile(path)
    lines = file.read(limit)
    file.close()
    return lines


def lines_in_steps(path: Path, step: int) -> list[bytes]:
    """Read `step` lines at a time, each time opening the file anew at the position reached."""
    steps: list[bytes] = []
    file = LineFile(path)
    while lines := file.read(step):
        steps += lines
        file.close()
        file = LineFile(path, file.position)
    file.close()
    return steps


def test_plain_and_packed_files_give_the_same_lines(tmp_path: Path) -> None:
    expected = MANY.encode().splitlines()
    assert len(MANY) > 2 * CHUNK_BYTES
    assert [lines_of(path) for path in packed(tmp_path, MANY)] == [expected] * 3


def test_a_file_opened_at_any_position_gives_the_same_rest(tmp_path: Path) -> None:
    expected = MANY.encode().splitlines()
    paths = packed(tmp_path, MANY)
    assert [lines_in_steps(path, 3_333) for path in paths] == [expected] * 3


@given(st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=8), max_size=20))
def test_lines_are_what_stands_between_line_feeds(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("lines") / "lines.csv"
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    assert lines_in_steps(path, 3) == [line.encode() for line in lines]


def test_the_last_line_needs_no_line_feed(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_bytes(b"a\n\nb")
    assert lines_of(path) == [b"a", b"", b"b"]


def test_after_the_end_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(b"")
    file = LineFile(path)
    assert [file.read(10), file.read(10)] == [[], []]
    file.close()


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_zip_that_is_cut_short_is_refused(tmp_path: Path, kept: float) -> None:
    path = write_zip(tmp_path / "lines.zip", MANY)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(InputFault, match=r"lines\.zip: the archive is damaged or cut short"):
        LineFile(path)


def test_a_zip_with_a_wrong_byte_is_refused_when_it_is_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "lines.zip", MANY)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(InputFault, match="damaged or cut short"):
        LineFile(path).read(100_000)


def test_a_gzip_that_is_cut_short_is_refused_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv.gz"
    path.write_bytes(gzip.compress(MANY.encode())[:-9])
    with pytest.raises(InputFault, match="damaged or cut short"):
        LineFile(path).read(100_000)


def test_an_archive_of_several_files_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "lines.zip", "a\n", "a.csv")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b.csv", "b\n")
    with pytest.raises(InputFault, match=r"holds 2 files .* not one"):
        LineFile(path)


def test_a_file_without_line_ends_does_not_fill_memory(tmp_path: Path) -> None:
    path = tmp_path / "noise.csv"
    path.write_bytes(b"x" * (LINE_BYTES_MAX + CHUNK_BYTES + 1))
    with pytest.raises(InputFault, match="a line of more than"):
        LineFile(path).read(1)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match="no such file"):
        LineFile(tmp_path / "none.csv")
    with pytest.raises(InputFault, match="is a folder"):
        LineFile(tmp_path)


def test_a_packed_file_that_has_become_shorter_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "lines.zip", MANY)
    file = LineFile(path)
    file.read(15_000)
    file.close()
    write_zip(path, MANY[:1000])
    with pytest.raises(InputFault, match="shorter than when it was read"):
        LineFile(path, file.position)


def test_the_number_of_lines_is_estimated_from_the_first_ones(tmp_path: Path) -> None:
    assert [estimated_lines(path) for path in packed(tmp_path, "1,2\n" * 20_000)] == [20_000] * 3
    assert [estimated_lines(path) for path in packed(tmp_path, "a\nb\nc")] == [3, 3, 3]
