from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core.commands import COMMANDS, Command, arguments, cli_twin, decode, encode, new_command, validate
from dltui.errors import RunError
from tests.kits.strategies import HOSTILE, plain, texts

HASH = "0x" + "5a" * 32
EXAMPLES: dict[str, tuple[dict[str, object], str]] = {
    "client.register": ({"client": "client-3"}, "dltui client register client-3"),
    "client.approve": ({"client": "client-3"}, "dltui client approve client-3"),
    "client.reject": ({"client": "client-3"}, "dltui client reject client-3"),
    "client.suspend": ({"client": "client-3"}, "dltui client suspend client-3"),
    "client.reinstate": ({"client": "client-3"}, "dltui client reinstate client-3"),
    "client.stop": ({"client": "client-3"}, "dltui client stop client-3"),
    "client.restart": ({"client": "St. Mary's"}, "dltui client restart 'St. Mary'\"'\"'s'"),
    "model.approve": ({"version": 2}, "dltui model approve 2"),
    "model.reject": ({"version": 2}, "dltui model reject 2"),
    "round.open": ({}, "dltui round open"),
    "run.pause": ({}, "dltui pause"),
    "run.resume": ({}, "dltui resume"),
    "run.stop": ({}, "dltui stop"),
    "demo.step": ({"n": 1, "of": 2, "title": "t", "text": "x"}, ""),
    "demo.hold": ({"seconds": 3.0}, ""),
    "run.hold": ({"seconds": 9.0}, ""),
    "registry.read": ({}, "dltui model list"),
    "client.ban": ({"client": "client-3"}, "dltui client ban client-3"),
    "client.complete-leave": ({"client": "client-3"}, "dltui client complete-leave client-3"),
    "client.verify": ({"client": "client-3"}, "dltui client verify client-3"),
    "model.verify": ({"version": 2}, "dltui model verify 2"),
    "round.verify": ({"round": 2}, "dltui round verify 2"),
    "tx.verify": ({"hash": HASH}, f"dltui tx verify {HASH}"),
    "tx.show": ({"hash": HASH}, f"dltui tx show {HASH}"),
    "estimate": ({"command": "model.approve", "args": {"version": 2}}, ""),
}


def test_every_command_has_an_example_here() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_twin_and_the_way_over_the_socket(name: str) -> None:
    args, twin = EXAMPLES[name]
    command = new_command(name, "key", **args)
    assert cli_twin(command) == twin
    assert cli_twin(command, "7f3a91") == (f"{twin} --run 7f3a91" if twin else "")
    assert decode(encode(command)) == command
    assert b"force" not in encode(command)
    forced = new_command(name, "key", force=True, **args)
    assert cli_twin(forced) == (f"{twin} --force" if twin else "")
    assert decode(encode(forced)).force
    assert encode(command).endswith(b"\n") and encode(command).count(b"\n") == 1


def test_a_kill_differs_from_a_stop() -> None:
    command = new_command("client.stop", "cli", client="client-1", signal="kill")
    assert cli_twin(command) == "dltui client stop client-1 --kill"
    assert validate(command) == arguments.StopArgs(client="client-1", signal="kill")


def test_a_new_client_may_name_its_slice() -> None:
    command = new_command("client.register", "key", client="north", part=6)
    assert cli_twin(command) == "dltui client register north --part 6"


def test_ids_are_fresh() -> None:
    assert new_command("run.stop", "key").id != new_command("run.stop", "key").id


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("run.explode", {}, "unknown command"),
        ("model.approve", {}, "version"),
        ("model.approve", {"version": "2"}, "version"),
        ("model.approve", {"version": True}, "version"),
        ("model.approve", {"version": -1}, "version"),
        ("model.approve", {"version": 2**32}, "version"),
        ("model.approve", {"version": 2, "twice": True}, "twice"),
        ("client.stop", {"client": ""}, "client"),
        ("client.stop", {"client": "x" * 65}, "client"),
        ("client.stop", {"client": "client-1", "signal": "hup"}, "signal"),
        ("run.stop", {"now": 1}, "now"),
        ("client.register", {"client": "north", "part": 256}, "part"),
        ("round.verify", {"round": 0}, "round"),
        ("tx.show", {"hash": "0x5A"}, "hash"),
        ("tx.show", {"hash": "0x" + "5a" * 32 + "\n"}, "hash"),
        ("estimate", {"command": "run.stop"}, "args"),
        ("demo.step", {"n": 0, "of": 1, "title": "", "text": ""}, "n"),
    ],
)
def test_wrong_commands_are_refused_by_name(name: str, args: dict[str, object], words: str) -> None:
    with pytest.raises(RunError, match=words) as error:
        new_command(name, "key", **args)
    assert error.value.where == name


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_is_not_clean_is_refused(text: str) -> None:
    if text.isprintable():
        return
    with pytest.raises(RunError):
        new_command("client.stop", "key", client=text[:60])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id":"a b","actor":"x","source":"key","name":"run.stop","args":{}}',
        b'{"id":"a","actor":"x","source":"web","name":"run.stop","args":{}}',
        b'{"id":"a","actor":"x","source":"key","name":"run.stop","args":{},"extra":1}',
        b'{"id":"a","actor":"x","source":"key","name":"run.stop","args":[]}',
        b'{"id":"a","actor":"x","source":"key","name":"client.stop","args":{"client":"\\u001b[2J"}}',
    ],
)
def test_hostile_lines_are_refused(line: bytes) -> None:
    with pytest.raises(RunError):
        decode(line)


@given(st.binary(max_size=100))
def test_random_bytes_are_refused(line: bytes) -> None:
    with pytest.raises(RunError):
        decode(line)


@given(st.sampled_from([*COMMANDS, "x", "\x1b"]), st.dictionaries(texts, plain, max_size=3))
def test_validate_and_twin_know_only_right_or_refused(name: str, args: dict[str, object]) -> None:
    command = Command(id="a", actor="x", source="cli", name=name, args=args)
    try:
        validate(command)
    except RunError as error:
        assert str(error).isprintable()
    else:
        assert cli_twin(command).isprintable()
