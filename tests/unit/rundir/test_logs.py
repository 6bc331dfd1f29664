from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dltui.rundir.logs import FIRST_BYTES, LONGEST, LogFiles, LogLine


def write(folder: Path, name: str, data: bytes) -> None:
    with (folder / name).open("ab") as file:
        file.write(data)


def test_lines_of_all_files_by_time_and_then_what_is_new(tmp_path: Path) -> None:
    write(tmp_path, "client-0.log", b"2026-11-24 07:08:02,500 WARNING late\nTraceback\n")
    write(tmp_path, "engine.log", b"2026-11-24 07:08:01,000 INFO ready\n")
    write(tmp_path, "slot-0", b"no log\n")
    files = LogFiles(tmp_path)
    assert files.poll() == [
        LogLine("engine", "07:08:01.0", "info", "ready"),
        LogLine("client-0", "07:08:02.5", "warning", "late"),
        LogLine("client-0", "07:08:02.5", "warning", "Traceback"),
    ]
    assert files.poll() == []
    write(tmp_path, "engine.log", b"2026-11-24 07:08:03,000 CRITICAL hal")
    assert files.poll() == []
    write(tmp_path, "engine.log", b"f\n")
    assert files.poll() == [LogLine("engine", "07:08:03.0", "error", "half")]


def test_a_file_that_begins_again_is_read_from_its_start(tmp_path: Path) -> None:
    write(tmp_path, "a.log", b"one\ntwo\n")
    files = LogFiles(tmp_path)
    assert [line.text for line in files.poll()] == ["one", "two"]
    (tmp_path / "a.log").write_bytes(b"three\n")
    assert [line.text for line in files.poll()] == ["three"]


def test_only_the_end_of_a_long_file_is_read_and_no_half_line(tmp_path: Path) -> None:
    write(tmp_path, "a.log", b"".join(b"line %06d\n" % n for n in range(40_000)))
    lines = LogFiles(tmp_path).poll()
    assert lines[-1].text == "line 039999"
    assert all(len(line.text) == 11 for line in lines)
    assert len(lines) == FIRST_BYTES // 12


def test_no_folder_is_no_line(tmp_path: Path) -> None:
    assert LogFiles(tmp_path / "nowhere").poll() == []


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_foreign_bytes_come_out_harmless_and_bounded(tmp_path_factory: object, parts: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("logs")  # type: ignore[attr-defined]
    files = LogFiles(folder)
    for part in parts:
        write(folder, "a.log", part + b"\x1b[2J\x1b]0;t\x07" + b"x" * 3 * LONGEST + b"\n")
        for line in files.poll():
            assert line.text.isprintable() and len(line.text) <= LONGEST
            assert line.level in ("debug", "info", "warning", "error")
