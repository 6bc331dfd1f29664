from __future__ import annotations

import hmac
import shlex
import socket
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual_serve", reason="the web view needs textual-serve: pip install 'dltui[web]'")

import aiohttp
from hypothesis import given
from hypothesis import strategies as st

from dltui.errors import RunError
from dltui.rundir.paths import RunPaths
from dltui.web import door as door_module
from dltui.web.door import Door
from dltui.web.serve import screen_command, serve
from tests.kits.web_server import serving

DOOR = Door(5151, "right")
HOST = {"Host": "127.0.0.1:5151"}


@pytest.mark.parametrize(
    ("headers", "query", "cookies", "why"),
    [
        (HOST, {"token": "right"}, {}, ""),
        (HOST, {}, {"dltui-5151": "right"}, ""),
        ({**HOST, "Origin": "http://127.0.0.1:5151"}, {}, {"dltui-5151": "right"}, ""),
        (HOST, {}, {}, "token"),
        (HOST, {"token": "wrong"}, {}, "token"),
        (HOST, {"token": ""}, {"dltui-5151": ""}, "token"),
        (HOST, {"token": "right "}, {}, "token"),
        (HOST, {}, {"dltui-5152": "right"}, "token"),
        (HOST, {"token": "\ud800"}, {}, "token"),
        ({"Host": "evil.example:5151"}, {"token": "right"}, {}, "only 127.0.0.1:5151"),
        ({"Host": "localhost:5151"}, {"token": "right"}, {}, "only 127.0.0.1:5151"),
        ({"Host": "127.0.0.1"}, {"token": "right"}, {}, "only 127.0.0.1:5151"),
        ({}, {"token": "right"}, {}, "only 127.0.0.1:5151"),
        ({**HOST, "Origin": "http://127.0.0.1:8000"}, {}, {"dltui-5151": "right"}, "another site"),
        ({**HOST, "Origin": "null"}, {}, {"dltui-5151": "right"}, "another site"),
    ],
)
def test_who_may_come_in(headers: dict[str, str], query: dict[str, str], cookies: dict[str, str], why: str) -> None:
    said = DOOR.refusal(headers, query, cookies)
    assert (why in said) if why else said == ""
    assert "right" not in said


@given(st.text())
def test_no_other_text_is_the_token(text: str) -> None:
    assert DOOR.knows(text) is (text == "right")


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Any] = []
    really = hmac.compare_digest

    def digest(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return really(a, b)

    monkeypatch.setattr(door_module.hmac, "compare_digest", digest)
    assert DOOR.knows("right") and not DOOR.knows("x")
    assert compared == [(b"right", b"right"), (b"x", b"right")]


def test_each_start_has_a_token_of_its_own_that_is_not_in_its_repr() -> None:
    tokens = {Door(1).token for _ in range(50)}
    assert len(tokens) == 50 and all(len(token) >= 43 for token in tokens)
    assert "right" not in repr(DOOR) and DOOR.address == "http://127.0.0.1:5151/?token=right"


def test_a_screen_reads_only_unless_it_may_write(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "a run; rm -rf $HOME")
    words = shlex.split(screen_command(paths, write=False))
    assert words[1:] == ["-m", "dltui", "attach", str(paths.root.resolve()), "--read-only"]
    assert shlex.split(screen_command(paths, write=True))[1:] == words[1:-1]


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RunError, match=f"port {port}: cannot be listened on"):
            serve(RunPaths(tmp_path), port=port, write=False, say=lambda text: None)


async def test_nothing_is_served_without_the_token(tmp_path: Path) -> None:
    async with serving(tmp_path) as door, aiohttp.ClientSession() as http:
        for path in ("/", "/static/js/textual.js", "/static/", "/download/x", "/ws", "/nothing"):
            for headers in ({}, {"Cookie": f"{door.cookie}=wrong"}, {"Host": "evil.example"}):
                async with http.get(door.origin + path, headers=headers, allow_redirects=False) as answer:
                    assert answer.status == 403, path
                    assert door.token not in await answer.text()


async def test_the_token_is_traded_for_a_cookie_that_scripts_do_not_get(tmp_path: Path) -> None:
    async with serving(tmp_path) as door, aiohttp.ClientSession() as http:
        async with http.get(door.address, allow_redirects=False) as answer:
            assert answer.status == 303 and answer.headers["Location"] == "/"
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
        ticket = {"Cookie": f"{door.cookie}={door.token}"}
        async with http.get(door.origin + "/", headers=ticket) as answer:
            page = await answer.text()
            assert answer.status == 200 and "dltui run story" in page
            assert door.token not in page and "googleapis" not in page
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_another_site_cannot_open_the_web_socket_with_the_users_cookie(tmp_path: Path) -> None:
    async with serving(tmp_path) as door, aiohttp.ClientSession() as http:
        headers = {"Cookie": f"{door.cookie}={door.token}", "Origin": "http://127.0.0.1:1"}
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await http.ws_connect(door.origin + "/ws", headers=headers)
        assert error.value.status == 403
