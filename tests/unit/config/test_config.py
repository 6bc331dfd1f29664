from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltui.config.check import allowed
from dltui.config.sections import SECTIONS, Config, load, to_toml
from dltui.errors import ConfigError
from dltui.resources import top

EVERY_KEY = [(s, f.name, f.type) for s, kind in SECTIONS.items() for f in msgspec.structs.fields(kind)]


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refused(tmp_path: Path, text: str) -> str:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load(file)
    assert error.value.exit_code == 2
    return str(error.value).replace(str(file), "FILE")


def test_the_file_that_ships_names_every_key_with_its_default_and_a_comment() -> None:
    text = top("config.toml").read_text(encoding="utf-8")
    given_keys = msgspec.toml.decode(text)
    assert [(s, k) for s, values in given_keys.items() for k in values] == [(s, k) for s, k, _ in EVERY_KEY]
    assert load(top("config.toml")) == load() == Config()
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line and line[0] not in "#[":
            assert lines[number - 1].startswith("# "), f"no comment above {line}"


def test_the_frozen_copy_reads_back_to_the_same(tmp_path: Path) -> None:
    names = ("Saint Mary's", 'quote " and \\ back', "tab\tand \x7f", "漢字 😀", "[x]")
    config = load(
        flags={
            "clients.names": names,
            "run.seed": 2**63 - 1,
            "training.learning_rate": 1e-7,
            "data.normalise": ((0.1, -2.0), (1e-7, 3.0)),
        }
    )
    assert load(written(tmp_path, to_toml(config))) == config


def test_later_sources_win(tmp_path: Path) -> None:
    file = written(tmp_path, "[run]\nrounds = 7\nseed = 7\n[clients]\ncount = 7\n")
    env = {"DLTUI_RUN_SEED": "8", "DLTUI_CLIENTS_COUNT": "8", "HOME": "/", "DLTUI_RUNS": "elsewhere"}
    config = load(file, env, {"clients.count": 9, "run.rounds": None})
    assert (config.run.rounds, config.run.seed, config.clients.count) == (7, 8, 9)
    assert load(None, {}, {"run": {"rounds": 3, "seed": None}}).run.rounds == 3


def test_the_environment_is_read_by_type() -> None:
    config = load(
        env={
            "DLTUI_ROUNDS_REQUIRE_APPROVAL": "true",
            "DLTUI_TRAINING_LEARNING_RATE": "0.1",
            "DLTUI_CLIENTS_NAMES": "north, south ,,east",
            "DLTUI_CLIENTS_AUTO_REGISTER": "0",
            "DLTUI_MODEL_NAME": "cnn",
        }
    )
    assert config.rounds.require_approval is True and config.clients.auto_register is False
    assert config.training.learning_rate == 0.1 and config.model.name == "cnn"
    assert config.clients.names == ("north", "south", "east")
    assert load(env={"DLTUI_DATA_NORMALISE": "[[0.5], [0.25]]"}).data.normalise == ((0.5,), (0.25,))
    assert load(env={"DLTUI_DATA_NORMALISE": "dataset"}).data.normalise == "dataset"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[training]\nlearning_rat = 1",
            "unknown key training.learning_rat - the nearest valid key is training.learning_rate",
        ),
        ("[trainng]\nepochs = 1", "unknown key trainng.epochs - the nearest valid key is training.epochs"),
        ("[run]\ncommittee = 3", "unknown key run.committee - the nearest valid key is rounds.committee"),
        ("[clint]\n", "unknown key [clint] - the nearest valid key is [clients]"),
        ("epochs = 3", "unknown key epochs - the nearest valid key is training.epochs"),
        ("[zzz]\nqqq = 1\nwww = 2", "unknown key [zzz] - sections: run, rounds,"),
        ("rounds = 3", "[rounds] must be a section with keys"),
        ("[run]\nrounds = 0", "run.rounds: 0 is not allowed - allowed: a whole number from 1 to 100,000"),
        ("[run]\nrounds = true", "run.rounds: True is not allowed - allowed: a whole number"),
        ("[run]\nrounds = '3'", "run.rounds: '3' is not allowed"),
        ("[run]\nrounds = 3.5", "run.rounds: 3.5 is not allowed"),
        ("[run]\nseed = -1", "run.seed: -1 is not allowed"),
        ("[data]\nalpha = nan", "data.alpha: nan is not allowed - allowed: a number above 0 to 1e+06"),
        ("[training]\nlearning_rate = inf", "training.learning_rate: inf is not allowed"),
        ("[training]\nmomentum = 1.0", "training.momentum: 1.0 is not allowed - allowed: a number from 0 below 1"),
        ("[data]\npartition = 'random'", "allowed: iid, dirichlet, shards, quantity, outlier or module:function"),
        (
            "[data]\nnormalise = 'all'",
            'data.normalise: \'all\' is not allowed - allowed: "dataset" or "none" or a pair',
        ),
        ("[data]\nnormalise = [[0.5], [0.0]]", "each a number above 0 to 1e+06"),
        ("[data]\nnormalise = [[0.5]]", "data.normalise: [[0.5]] is not allowed"),
        ("[data]\nchannels = 2", "data.channels: 2 is not allowed - allowed: 0 or 1 or 3"),
        ("[clients]\ndevice = 'tpu'", 'allowed: "auto" or "cpu" or "cuda" or "mps"'),
        ("[rounds]\nrequire_approval = 1", "rounds.require_approval: 1 is not allowed - allowed: true or false"),
        ("[clients]\nnames = [1]", "allowed: a list, each a text of 1 to 64 characters"),
        ("[clients]\nnames = ['" + "ü" * 40 + "']", "is longer than 64 bytes"),
        ("[clients]\ncount = 2\nnames = ['a','b','c']", "clients.names: 3 names for 2 clients"),
        ("[clients]\ncount = 257", "a whole number from 1 to 256"),
        ("[data]\nparts = 3", "data.parts: 3 parts are fewer than clients.count = 5"),
        ("[rounds]\nquorum = 1", "rounds.quorum: 1 of a committee of 3 is no majority of it - allowed: 2 to 3"),
        ("[rounds]\nquorum = 4", "rounds.quorum: 4 of a committee of 3"),
        ("[rounds]\ntrain_seconds = 61", "rounds.train_seconds: 61 is more than rounds.train_seconds_max = 60"),
        ("[chain]\nengine = 'http://'", "chain.engine: 'http://' is no address of a node"),
        ("[chain]\nengine = 'http://127.0.0.1:abc'", "is no address of a node - http:// or https://, a host"),
        ("[chain]\nengine = 'http://127.0.0.1:0'", "is no address of a node"),
        ("[chain]\nengine = 'http://me:word@127.0.0.1'", "is no address of a node"),
        ("[run\n", "FILE: is not valid TOML"),
        ("[run]\nrounds = 1\nrounds = 2", "is not valid TOML"),
        ("[run]\n\x1b[2J = 1", "is not valid TOML"),
        ('[run]\n"\\u001b[2J" = 1', "unknown key run.\\x1b[2J"),
        ("x = " + "[" * 100_000, "is not valid TOML"),
    ],
)
def test_wrong_files_are_refused_with_file_key_and_what_is_right(tmp_path: Path, text: str, message: str) -> None:
    said = refused(tmp_path, text)
    assert message in said
    assert said.replace("\n", "").isprintable()


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for content, words in ((b"\xff\xfe", "UTF-8"), (b"#" * (1 << 21), "larger than")):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match=words):
            load(file)
    for path in (tmp_path, tmp_path / "none.toml"):
        with pytest.raises(ConfigError, match="cannot be read"):
            load(path)


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"DLTUI_RUN_ROUNDS": "many"}, "DLTUI_RUN_ROUNDS: run.rounds: 'many' is not allowed"),
        ({"DLTUI_FOO": "1"}, "DLTUI_FOO: unknown key foo - sections: run,"),
        ({"DLTUI_RUN_ROUNDZ": "1"}, "DLTUI_RUN_ROUNDZ: unknown key run.roundz - the nearest valid key is run.rounds"),
        ({"DLTUI_TRAINING_LEARNING_RATE": "nan"}, "training.learning_rate: 'nan' is not allowed"),
        ({"DLTUI_MODEL_NAME": "\udcff"}, "model.name: '\\udcff' is not allowed"),
        ({"DLTUI_CLIENTS_NAMES": "a," + "b" * 65}, "clients.names"),
        ({"DLTUI_DATA_NORMALISE": "[" * 100_000}, "data.normalise"),
        ({"DLTUI_DATA_NORMALISE": "[[1],[2]"}, "data.normalise"),
        ({"DLTUI_WHAT": "1"}, "unknown key what"),
    ],
)
def test_a_wrong_environment_is_refused(env: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(env=env)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("count", "committee", "quorum", "minimum", "note"),
    [
        (1, 1, 1, 1, "1 client: committee lowered from 3 to 1, quorum from 2 to 1"),
        (2, 2, 2, 2, "2 clients: committee lowered from 3 to 2, quorum from 2 to 2"),
        (3, 3, 2, 2, ""),
    ],
)
def test_few_clients_get_a_smaller_committee_and_are_told(
    count: int, committee: int, quorum: int, minimum: int, note: str
) -> None:
    config = load(flags={"clients.count": count})
    assert (config.rounds.committee, config.rounds.quorum, config.rounds.min_submissions) == (
        committee,
        quorum,
        minimum,
    )
    assert (config.notes[0] if config.notes else "") == note


@given(st.integers(1, 20), st.integers(1, 16), st.data())
def test_a_committee_is_never_more_than_the_clients_and_its_quorum_always_a_majority(
    count: int, committee: int, data: st.DataObject
) -> None:
    quorum = data.draw(st.integers(committee // 2 + 1, committee))
    rounds = load(flags={"clients.count": count, "rounds.committee": committee, "rounds.quorum": quorum}).rounds
    assert rounds.committee == min(committee, count)
    assert rounds.committee // 2 < rounds.quorum <= rounds.committee


@pytest.mark.parametrize(("section", "key", "kind"), EVERY_KEY, ids=lambda value: str(value)[:20])
def test_every_key_says_what_it_allows_and_refuses_nonsense(section: str, key: str, kind: Any) -> None:
    assert len(allowed(kind)) > 3
    for nonsense in ({"a": 1}, None, [[]], "", -1, 10**30):
        try:
            load(flags={section: {key: nonsense}})
        except ConfigError as error:
            assert f"{section}.{key}" in str(error)
        else:
            assert nonsense is None or nonsense == getattr(getattr(Config(), section), key)


plain = st.recursive(
    st.one_of(st.booleans(), st.integers(-(10**6), 10**6), st.floats(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
keys = st.one_of(st.sampled_from([key for _, key, _ in EVERY_KEY]), st.text(max_size=8))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.one_of(st.sampled_from(sorted(SECTIONS)), st.text(max_size=8)),
        st.one_of(plain, st.dictionaries(keys, plain, max_size=4)),
        max_size=4,
    )
)
def test_any_flags_give_a_configuration_or_an_error_for_people(flags: dict[str, Any]) -> None:
    try:
        config = load(flags=flags)
    except ConfigError as error:
        assert str(error)
    else:
        assert load(flags=config.sections()).sections() == config.sections()


def test_any_part_of_a_nodes_address_may_come_from_the_environment() -> None:
    for address in ("http://127.0.0.1:${PORT}/${KEY}", "http://127.0.0.1:8545/v3/${KEY}"):
        assert load(flags={"chain.engine": address}).chain.engine == address
