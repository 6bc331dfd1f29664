"""The password of the operator's keystore: asked for before anything starts, and never written down."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from dltui.config.sections import Config
from dltui.errors import ConfigError
from dltui.files import refuse_readable

VARIABLE = "DLTUI_PASSWORD"
TRIES = 3


_hidden: list[str] = []


def hide() -> None:
    """Take DLTUI_PASSWORD out of the environment, so that no program that this one starts gets to see it."""
    if VARIABLE in os.environ:
        _hidden[:] = [os.environ.pop(VARIABLE)]


def password_for(config: Config) -> str | None:
    """The password of `[chain] keystore`, tried on the file; None where the run uses the demo's key.

    It comes from DLTUI_PASSWORD, else from `[chain] password_file`, else from a prompt. Raises ConfigError where there
    is none, or a wrong one, or if the chain is one on which the key would protect nothing.
    """
    if not config.chain.keystore:
        return None
    from dltui.chain.accounts import WrongPassword, open_keystore
    from dltui.chain.nodes.choice import refuse_open

    refuse_open(config.chain.engine, config.chain.keystore)
    path = Path(config.chain.keystore).expanduser()
    refuse_readable(path)
    given = _given(config)
    for last in [True] if given is not None else [False] * (TRIES - 1) + [True]:
        password = getpass.getpass(f"password of {path}: ") if given is None else given
        try:
            open_keystore(path, password)
            return password
        except WrongPassword as error:
            if last:
                raise
            print(f"{error.message}, try again", file=sys.stderr)
    raise AssertionError("the loop returns or raises")


def _given(config: Config) -> str | None:
    """The password without a prompt; None where one can be asked for."""
    hide()
    if _hidden:
        return _hidden[0]
    if config.chain.password_file:
        path = Path(config.chain.password_file).expanduser()
        refuse_readable(path)
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the password cannot be read: {error}", where=str(path)) from error
    if sys.stdin.isatty():
        return None
    raise ConfigError(
        "there is nobody to ask for the keystore's password",
        where=config.chain.keystore,
        hint=f"set {VARIABLE}, or [chain] password_file",
    )
