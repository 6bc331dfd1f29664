"""Heads of HTTP requests, from honest clients and from others."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.devchain.http1 import BadHead, parse_head, response

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-!#$%&'*+.^_`|~", min_size=1, max_size=12)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20)


@given(
    headers=st.dictionaries(NAMES, VALUES, max_size=8), end=st.sampled_from(["\r\n", "\n"]), minor=st.sampled_from("01")
)
def test_what_an_honest_client_writes_is_read(headers: dict[str, str], end: str, minor: str) -> None:
    lines = [f"POST /path?x=%20 HTTP/1.{minor}", *(f"{name.upper()}: {value}" for name, value in headers.items())]
    head = parse_head((end.join(lines) + 2 * end).encode("latin-1"))
    assert head.method == "POST"
    assert head.headers == {name: value.strip() for name, value in headers.items()}
    assert head.close is (minor == "0")


@given(
    raw=st.binary(max_size=300) | st.binary(max_size=60).map(lambda junk: b"GET / HTTP/1.1\r\n" + junk + b"\r\n\r\n")
)
def test_anything_else_is_a_bad_head_or_a_whole_one(raw: bytes) -> None:
    try:
        head = parse_head(raw)
    except BadHead:
        return
    assert head.raw == raw and head.method.isupper()
    assert all(name and name == name.lower() and "\n" not in value for name, value in head.headers.items())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"GET /\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / x HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nName : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nName: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nName: a\rb\r\n\r\n",
    ],
)
def test_bad_heads(raw: bytes) -> None:
    with pytest.raises(BadHead):
        parse_head(raw)


@pytest.mark.parametrize(
    ("wish", "minor", "close"),
    [("close", 1, True), ("Close", 1, True), ("keep-alive", 0, False), ("Upgrade", 1, False), ("", 0, True)],
)
def test_who_ends_a_connection(wish: str, minor: int, close: bool) -> None:
    assert parse_head(f"GET / HTTP/1.{minor}\r\nConnection: {wish}\r\n\r\n".encode()).close is close


def test_the_first_of_two_headers_counts() -> None:
    assert parse_head(b"GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n").headers == {"host": "a"}


def test_responses() -> None:
    whole = response(HTTPStatus.OK, b"{}", {"Connection": "close"})
    assert whole == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    )
    assert response(HTTPStatus.NO_CONTENT, b"", {}) == b"HTTP/1.1 204 No Content\r\n\r\n"
