"""The keys of a run. A demo's follow from the seed, so equal runs have equal addresses, and so they protect nothing.

If the operator has a keystore, the clients' keys are drawn at random, and with each the bytes that its salts come from.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from dltui.chain.accounts import address_of, open_keystore
from dltui.config.sections import Config
from dltui.errors import RunError
from dltui.files import refuse_readable, write_whole
from dltui.protocol.demo_keys import Key, client_key, operator_key
from dltui.rundir.documents import read_json

OWN_KEYS = "clients.json"
"""The file of keys that were drawn at random."""
DEMO_KEYS = "demo.json"
"""The file of keys that follow from the seed."""


def operator_of(config: Config, password: str) -> Key:
    """The operator's key from its keystore; raises ConfigError if file or password is wrong."""
    secret = open_keystore(Path(config.chain.keystore).expanduser(), password)
    return Key(secret, address_of(secret), secret)


def client_keys(config: Config, count: int, folder: Path, new: bool) -> tuple[Key, ...]:
    """The keys of the clients of slices 0 to `count` - 1, which a file in `folder` (mode 0600) keeps.

    If the operator has a keystore, they are drawn at random once, when the run is `new`. Else they follow from the
    seed, and their file is there to be used in a wallet. Raises RunError if drawn keys are gone: what the clients were
    given would be lost with new ones; ConfigError if others may read them.
    """
    path, demo = folder / OWN_KEYS, folder / DEMO_KEYS
    if not config.chain.keystore or _of_an_older_run(config, path, demo):
        keys = tuple(client_key(config.run.seed, part) for part in range(count))
        note = "derived from the run's seed: for demonstrations only"
        operator = {} if config.chain.keystore else {"operator": operator_key(config.run.seed)}
        _write(demo, note, operator | _named(keys))
        return keys
    if new and not path.exists():
        drawn = (secrets.token_bytes(32) for _ in range(count))
        keys = tuple(Key(secret, address_of(secret), secrets.token_bytes(32)) for secret in drawn)
        _write(path, "drawn at random for this run: whoever reads them can spend what the clients have", _named(keys))
    return _read(path, count)


def _of_an_older_run(config: Config, path: Path, demo: Path) -> bool:
    """Whether the run began when clients of a chain of its own had demo keys beside a keystore too."""
    return not config.chain.is_url and demo.exists() and not path.exists()


def _read(path: Path, count: int) -> tuple[Key, ...]:
    refuse_readable(path)
    try:
        rows = read_json(path)["keys"]
        return tuple(_from_row(rows[f"client-{part}"]) for part in range(count))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError("the clients' keys cannot be read", where=str(path), hint="put the file back") from error


def _from_row(row: dict[str, str]) -> Key:
    """The key of a row; older runs have no salt beside it, and keep the one that came from the key."""
    secret = bytes.fromhex(row["key"].removeprefix("0x"))
    return Key(secret, address_of(secret), bytes.fromhex(row["salt"].removeprefix("0x")) if "salt" in row else secret)


def _named(keys: tuple[Key, ...]) -> dict[str, Key]:
    return {f"client-{part}": key for part, key in enumerate(keys)}


def _row(key: Key) -> dict[str, str]:
    row = {"address": key.address, "key": "0x" + key.secret.hex()}
    return row if key.salt == key.secret else row | {"salt": "0x" + key.salt.hex()}


def _write(path: Path, note: str, keys: dict[str, Key]) -> None:
    rows = {name: _row(key) for name, key in keys.items()}
    write_whole(path, json.dumps({"note": note, "keys": rows}, indent=1).encode(), mode=0o600)
