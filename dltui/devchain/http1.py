"""HTTP/1.1 as far as the node needs it: the heads of requests, who may send them, and responses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

MAX_HEAD = 16 * 1024
"""Largest head of a request in bytes."""
_REQUEST = re.compile(rb"([A-Z]{1,16}) [\x21-\x7e]+ HTTP/1\.([01])")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_WALLETS = ("chrome-extension", "moz-extension", "safari-web-extension")


class BadHead(ValueError):
    """The bytes are not the head of an HTTP/1.1 request."""


@dataclass(frozen=True)
class Head:
    """The head of a request: `raw` as it came, names of headers in lower case, `close` if the connection ends with it.

    Of headers that come twice, the first counts.
    """

    raw: bytes
    method: str
    headers: Mapping[str, str]
    close: bool


def parse_head(raw: bytes) -> Head:
    """Parse a head, with its empty line at the end. Raises `BadHead`."""
    first, *lines = raw.rstrip(b"\r\n").split(b"\n")
    request = _REQUEST.fullmatch(first.rstrip(b"\r"))
    if request is None:
        raise BadHead("not a request")
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line.rstrip(b"\r"))
        if header is None:
            raise BadHead("not a header")
        headers.setdefault(header[1].decode().lower(), header[2].decode("latin-1").strip())
    wish = headers.get("connection", "").lower()
    close = "close" in wish or (request[2] == b"0" and "keep-alive" not in wish)
    return Head(raw, request[1].decode(), headers, close)


def may_ask(host: str, origin: str | None) -> bool:
    """Return whether a request with these headers is answered.

    A `Host` that is not this machine is a page whose name was rebound to it. An `Origin` is sent by browsers: pages of
    this machine and wallets (extensions, whose origin no page can claim) may ask.
    """
    return _is_loopback(f"//{host}") and (origin is None or _is_wallet(origin) or _is_loopback(origin))


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _THIS_MACHINE
    except ValueError:
        return False


def _is_wallet(origin: str) -> bool:
    return origin.partition("://")[0] in _WALLETS


def response(status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a whole response."""
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    if status != HTTPStatus.NO_CONTENT:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
