"""Flags that set a key of the configuration: one table, from which each command takes those that it has a use for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Optional, TypeVar

import msgspec
import typer

from dltui.config.sections import SECTIONS, Config
from dltui.errors import ConfigError

Function = TypeVar("Function", bound=Callable[..., Any])

_FLAGS: dict[str, tuple[str, str]] = {
    "rounds": ("run.rounds", "How many rounds to run."),
    "clients": ("clients.count", "Client processes on this machine."),
    "dataset": ("data.dataset", "A name of `dltui data list`, a .npz file, folder:PATH, or module:function."),
    "model": ("model.name", "linear, mlp, cnn, cnn-bn, resnet18, or module:factory."),
    "partition": ("data.partition", "iid, dirichlet, shards, quantity, outlier, or module:function."),
    "alpha": ("data.alpha", "Skew of dirichlet and quantity: small is more."),
    "chain": ("chain.engine", "auto, embedded, anvil, or a node's URL."),
    "port": ("chain.port", "Port of the chain's JSON-RPC; 0 takes a free one."),
    "seed": ("run.seed", "Equal seeds give equal models."),
    "epochs": ("training.epochs", "Passes over a client's records a round."),
    "batch_size": ("training.batch_size", "Records a step."),
    "learning_rate": ("training.learning_rate", "Step size."),
    "auto_register": ("clients.auto_register", "Accept the clients that ask to join."),
    "require_approval": ("rounds.require_approval", "The next round waits until the last version is approved."),
    "min_submissions": ("rounds.min_submissions", "Fewer updates abort a round."),
    "committee": ("rounds.committee", "Members that recompute a result."),
    "quorum": ("rounds.quorum", "Equal results that decide."),
    "train_seconds": ("rounds.train_seconds", "Least time to train."),
    "train_seconds_max": ("rounds.train_seconds_max", "Most time to train."),
    "report_seconds": ("rounds.report_seconds", "Time to fetch updates."),
    "attest_seconds": ("rounds.attest_seconds", "Time to recompute."),
    "ascii": ("ui.ascii", "Draw with plain characters."),
}
"""Parameter to configuration key, and what it does."""
RUN = tuple(_FLAGS)

WATCHED: dict[str, dict[str, Any]] = {
    "run": {"rounds": 10},
    "rounds": {"require_approval": True},
    "data": {"partition": "outlier"},
}
"""What a run with a screen begins with if nothing else is said: there is time to look, and something to decide."""


def with_flags(*names: str, screen: bool = False) -> Callable[[Function], Function]:
    """Give a command the flags called `names`, and `--set` for every other key; it takes them as `**given`.

    `screen`: the command may show a run on a screen, whose defaults are those of `WATCHED`.
    """

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())
        first = [each for each in own if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        last = [each for each in own if each.kind is inspect.Parameter.KEYWORD_ONLY]
        added = [*(_parameter(name, WATCHED if screen else {}) for name in names), _SET]
        function.__signature__ = signature.replace(parameters=[*first, *added, *last])  # type: ignore[attr-defined]
        function.__annotations__ |= {each.name: each.annotation for each in added}
        return function

    return decorate


def flags(given: dict[str, Any]) -> dict[str, Any]:
    """The flags that were given, by configuration key (`rounds` is `run.rounds`). Raises ConfigError."""
    named = {_FLAGS[name][0]: value for name, value in given.items() if name in _FLAGS and value is not None}
    return dict(map(_setting, given.get("set_key") or ())) | named


def _parameter(name: str, watched: dict[str, dict[str, Any]]) -> inspect.Parameter:
    key, text = _FLAGS[name]
    section, _, field = key.partition(".")
    default = getattr(getattr(Config(), section), field)
    shown = _shown(default)
    if field in watched.get(section, {}):
        shown += f"; with a screen {_shown(watched[section][field])}"
    dashed = name.replace("_", "-")
    spelling = f"--{dashed}/--no-{dashed}" if isinstance(default, bool) else f"--{dashed}"
    option = typer.Option(None, spelling, help=f"{text} [default: {shown}]")
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=option, annotation=Optional[type(default)])  # noqa: UP045


def _shown(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    section, dot, _ = key.partition(".")
    if not (equals and dot) or section not in SECTIONS:
        raise ConfigError(f"{ascii(text)[:80]} sets no key", where="--set", hint="--set section.key=value")
    try:
        return key, msgspec.toml.decode(f"value = {value}")["value"]
    except msgspec.DecodeError:
        return key, value


_SET = inspect.Parameter(
    "set_key",
    inspect.Parameter.KEYWORD_ONLY,
    default=typer.Option(None, "--set", metavar="SECTION.KEY=VALUE", help="Any key of config.toml; may be repeated."),
    annotation=Optional[list[str]],  # noqa: UP045
)
