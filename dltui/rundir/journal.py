"""The journal: every fact of a run, one line each, in segments chained by SHA-256.

A line is canonical JSON `{"data","kind","prev","seq","ts","v"}`; `prev` is the hash of the line before it, across
segments.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from dltui.core import canonical_json
from dltui.core.events import VERSION, Event, Payload, Unknown, payload_from
from dltui.core.safe_json import too_deep
from dltui.core.sanitize import clean, clean_all
from dltui.errors import MismatchError, RunError
from dltui.files import open_regular, read_regular

__all__ = ["GENESIS", "Journal", "Tail", "clean", "encode", "line_hash", "read", "timestamp"]

GENESIS = "0" * 64
"""`prev` of the first line."""
SEGMENT_BYTES = 8 << 20
MAX_SEGMENT_BYTES = 64 << 20
"""Largest segment that is read."""
MAX_LINE_BYTES = 1 << 20

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    v: int
    prev: str
    seq: int
    ts: str
    kind: str
    data: dict[str, Any]


_decoder = msgspec.json.Decoder(_Line)


def timestamp(now: float) -> str:
    """Unix seconds as UTC, ISO 8601 with milliseconds."""
    at = datetime.fromtimestamp(now, timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def encode(event: Event, prev: str) -> bytes:
    """Return the journal line of an event, without its newline; `prev` is the hash of the line before it."""
    data = event.data
    kind, fields = (data.kind, data.fields) if isinstance(data, Unknown) else (data.KIND, msgspec.to_builtins(data))
    return canonical_json.dumps(
        {"v": VERSION, "prev": prev, "seq": event.seq, "ts": event.ts, "kind": kind, "data": fields}
    )


def line_hash(line: bytes) -> str:
    """SHA-256 of a line without its newline, 64 hex digits."""
    return hashlib.sha256(line).hexdigest()


class Journal:
    """The one writer of a run's journal; safe to call from several threads.

    Opening an existing journal cuts a torn last line and goes on in a new segment. Raises MismatchError if the last
    line is damaged.
    """

    def __init__(
        self, directory: Path, *, clock: Callable[[], float] = time.time, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._limit = segment_bytes
        self._lock = threading.Lock()
        self._fd: int | None = None
        self._size = 0
        self._segment, self._seq, self._head = 0, 0, GENESIS
        directory.mkdir(parents=True, exist_ok=True)
        self._resume()

    @property
    def head(self) -> str:
        """SHA-256 of the last line, 64 hex digits."""
        return self._head

    @property
    def seq(self) -> int:
        """Number of the last event; 0 in an empty journal."""
        return self._seq

    def append(self, payload: Payload) -> Event:
        """Write one fact with the next number and the present time, its strings cleaned, and return the event.

        Raises RunError if the disk refuses it; the journal then still ends on a whole line.
        """
        fields = clean_all(msgspec.to_builtins(payload))
        data = payload_from(payload.KIND, fields)
        with self._lock:
            event = Event(self._seq + 1, timestamp(self._clock()), data)
            line = encode(event, self._head)
            if len(line) > MAX_LINE_BYTES:
                raise RunError(f"an event of {len(line):,} bytes is too large", where=payload.KIND)
            self._write(line + b"\n")
            self._seq, self._head = event.seq, line_hash(line)
        return event

    def close(self) -> None:
        """Flushes to the disk and closes the segment; a later append opens a new one."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._fd is not None:
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = None

    def _write(self, line: bytes) -> None:
        if self._fd is None or self._size + len(line) > self._limit:
            self._close()
            self._segment += 1
            path = self._directory / f"{self._segment:06d}.jsonl"
            self._fd, self._size = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644), 0
        try:
            written = os.write(self._fd, line)
            if written != len(line):
                raise OSError(28, os.strerror(28))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            where = str(self._directory / f"{self._segment:06d}.jsonl")
            raise RunError(
                f"cannot write the journal ({error.strerror})", where=where, hint="free disk space"
            ) from error
        self._size += len(line)

    def _resume(self) -> None:
        segments = _segments(self._directory)
        if not segments:
            return
        self._segment = int(segments[-1].stem)
        for path in reversed(segments):
            data = read_regular(path, MAX_SEGMENT_BYTES)
            whole = data.rfind(b"\n") + 1
            if whole < len(data):
                with path.open("r+b") as file:
                    file.truncate(whole)
            if whole:
                last = data[data.rfind(b"\n", 0, whole - 1) + 1 : whole - 1]
                line = _decode(last, path, data.count(b"\n", 0, whole))
                self._seq, self._head = line.seq, line_hash(last)
                return


class _Chain:
    """Follows sequence and hashes from line to line."""

    def __init__(self) -> None:
        self.seq, self.head = 0, GENESIS

    def event(self, raw: bytes, path: Path, number: int) -> Event:
        line = _decode(raw, path, number)
        where = f"{path}:{number}"
        if line.prev != self.head:
            raise MismatchError(f"event {line.seq} does not follow the line before it (hash differs)", where=where)
        if line.seq != self.seq + 1:
            raise MismatchError(f"event {line.seq} where {self.seq + 1} is due", where=where)
        try:
            if clean_all(line.data) != line.data or clean(line.kind) != line.kind or not _TIME.fullmatch(line.ts):
                raise ValueError("it has text that the writer would have cleaned")
            data = payload_from(line.kind, line.data)
        except (msgspec.ValidationError, ValueError) as error:
            raise MismatchError(f"a {clean(line.kind, 40)} event is malformed: {error}", where=where) from None
        self.seq, self.head = line.seq, line_hash(raw)
        return Event(line.seq, line.ts, data)


def read(directory: Path, *, head: str | None = None) -> Iterator[Event]:
    """Every event of a closed journal, checked as `records` does."""
    return (event for event, _ in records(directory, head=head))


def records(directory: Path, *, head: str | None = None) -> Iterator[tuple[Event, dict[str, Any]]]:
    """Every event with its fields as they stand there, checked: hash chain, numbers, version, shape, canonical bytes.

    `head` is the hash that the last line must have, if it is known (`summary.json`). Raises MismatchError naming
    file and line at the first difference.
    """
    segments, chain = _segments(directory), _Chain()
    path = directory
    for index, path in enumerate(segments, start=1):
        if int(path.stem) != index:
            raise MismatchError(f"segment {index:06d} is missing", where=str(directory))
        number = 0
        with open_regular(path, MAX_SEGMENT_BYTES) as file:
            while raw := file.readline(MAX_LINE_BYTES + 2):
                number += 1
                if not raw.endswith(b"\n"):
                    raise MismatchError("the last line is torn", where=f"{path}:{number}")
                event = chain.event(raw[:-1], path, number)
                yield event, _canonical(raw[:-1], path, number)["data"]
    if head is not None and chain.head != head:
        raise MismatchError(f"the journal ends at event {chain.seq}, which is not the end on record", where=str(path))


class Tail:
    """Follows a journal that is being written: whole lines only, from segment to segment.

    A torn end is left for later; a damaged line raises MismatchError.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._chain = _Chain()
        self._segment, self._offset, self._number = 1, 0, 0

    @property
    def head(self) -> str:
        """Hash of the last line that was read."""
        return self._chain.head

    def poll(self, limit: int = 20_000) -> list[Event]:
        """Return the new events, about `limit` at most; the next call goes on from there."""
        events: list[Event] = []
        while len(events) < limit:
            follower = self._directory / f"{self._segment + 1:06d}.jsonl"
            followed = follower.exists()
            fresh = self._read(self._directory / f"{self._segment:06d}.jsonl")
            events += fresh
            if not fresh:
                if not followed:
                    break
                self._segment, self._offset, self._number = self._segment + 1, 0, 0
        return events

    def _read(self, path: Path) -> list[Event]:
        try:
            with open_regular(path, MAX_SEGMENT_BYTES) as file:
                file.seek(self._offset)
                data = file.read(4 * MAX_LINE_BYTES)
        except FileNotFoundError:
            return []
        whole = data.rfind(b"\n") + 1
        if not whole and len(data) > MAX_LINE_BYTES:
            raise MismatchError(f"a line is longer than {MAX_LINE_BYTES:,} bytes", where=f"{path}:{self._number + 1}")
        events = []
        for raw in data[:whole].split(b"\n")[:-1]:
            self._number += 1
            events.append(self._chain.event(raw, path, self._number))
        self._offset += whole
        return events


def _segments(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob("[0-9][0-9][0-9][0-9][0-9][0-9].jsonl"))


def _decode(raw: bytes, path: Path, number: int) -> _Line:
    where = f"{path}:{number}"
    if len(raw) > MAX_LINE_BYTES:
        raise MismatchError(f"a line is longer than {MAX_LINE_BYTES:,} bytes", where=where)
    if too_deep(raw):
        raise MismatchError("not an event: nested too deeply", where=where)
    try:
        line = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MismatchError(f"not an event: {clean(str(error), 200)}", where=where) from None
    if line.v != VERSION:
        raise MismatchError(
            f"written by a newer version (envelope {line.v}, this program reads {VERSION})",
            where=where,
            hint="use the newer dltui",
        )
    return line


def _canonical(raw: bytes, path: Path, number: int) -> dict[str, Any]:
    """Return the line as plain data; raises MismatchError if it could be written in another way."""
    try:
        plain: dict[str, Any] = msgspec.json.decode(raw)
        same = canonical_json.dumps(plain) == raw
    except ValueError:
        same = False
    if not same:
        raise MismatchError("the line is not in canonical form", where=f"{path}:{number}")
    return plain
