"""The configuration: one typed section a topic, read from defaults, a TOML file, the environment and flags.

Later sources win: defaults < file < `DLTUI_SECTION_KEY` in the environment < flags. Unknown keys and values outside
their range are refused before anything starts, with the nearest valid key or the allowed range in the message.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from dltui.config import check
from dltui.config.keymap import KeysSection
from dltui.config.themes import ThemeName
from dltui.errors import ConfigError, DltuiError
from dltui.files import read_regular

OTHER_VARIABLES = frozenset({"DLTUI_RUNS", "DLTUI_ANVIL", "DLTUI_CAST", "DLTUI_PASSWORD"})
"""Variables of the environment that begin like a key and are none."""

MAX_FILE_BYTES = 1 << 20
MAX_CLIENTS = 256

Clients = Annotated[int, Meta(ge=1, le=MAX_CLIENTS)]
Seconds = Annotated[int, Meta(ge=1, le=604_800)]
Fraction = Annotated[float, Meta(ge=0.0, lt=1.0)]
TestFraction = Annotated[float, Meta(gt=0.0, lt=1.0)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Seats = Annotated[int, Meta(ge=1, le=16)]
Misses = Annotated[int, Meta(ge=0, le=255)]
Side = Annotated[int, Meta(ge=0, le=1_024)]
Channels = Literal[0, 1, 3]
Concentration = Annotated[float, Meta(gt=0.0, le=1_000_000.0)]
Shards = Annotated[int, Meta(ge=1, le=1_000)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(min_length=1, max_length=1024)]
Mean = Annotated[tuple[Annotated[float, Meta(ge=-1e6, le=1e6)], ...], Meta(min_length=1, max_length=64)]
Deviation = Annotated[tuple[Annotated[float, Meta(gt=0.0, le=1e6)], ...], Meta(min_length=1, max_length=64)]
Normalise = Literal["none", "dataset"] | tuple[Mean, Deviation]
Scheme = Annotated[
    str,
    Meta(
        pattern=r"^(iid|dirichlet|shards|quantity|outlier|[A-Za-z_][\w.]{0,200}:[A-Za-z_]\w{0,200})\Z",
        description="iid, dirichlet, shards, quantity, outlier or module:function",
    ),
]


def slices(parts: int, clients: int) -> int:
    """Return into how many slices the data set is cut: one a client if `parts` is 0."""
    return parts or clients


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the sections."""


class RunSection(Section, frozen=True, kw_only=True):
    """How many rounds, from which seed."""

    rounds: Annotated[int, Meta(ge=1, le=100_000)] = 5
    seed: Seed = 1


class RoundsSection(Section, frozen=True, kw_only=True):
    """The committee and the deadlines (seconds) that the contract enforces."""

    require_approval: bool = False
    min_submissions: Clients = 2
    committee: Seats = 3
    quorum: Seats = 2
    max_missed: Misses = 2
    train_seconds: Seconds = 10
    train_seconds_max: Seconds = 60
    report_seconds: Seconds = 10
    attest_seconds: Seconds = 10


class ChainSection(Section, frozen=True, kw_only=True):
    """The node: `port` 0 takes a free one, `batch_ms` is how long a block waits for more transactions.

    The keys from `federation` on are for a node by its address: fees in gwei per gas, funding in ether.
    """

    engine: Text = "auto"
    anvil: Annotated[str, Meta(max_length=1024)] = ""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    chain_id: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    batch_ms: Annotated[int, Meta(ge=0, le=1_000)] = 20
    funding: Annotated[float, Meta(gt=0.0, le=1_000.0)] = 100.0
    federation: Annotated[str, Meta(pattern=r"^(0x[0-9a-fA-F]{40})?\Z", description="an address, or nothing")] = ""
    first_block: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    confirmations: Annotated[int, Meta(ge=0, le=1_000)] = 0
    max_fee_gwei: Annotated[float, Meta(ge=0.0, le=1_000_000.0)] = 0.0
    keystore: Annotated[str, Meta(max_length=1024)] = ""
    password_file: Annotated[str, Meta(max_length=1024)] = ""

    @property
    def is_url(self) -> bool:
        """Whether the node is another's, by its address."""
        return self.engine.startswith(("http://", "https://"))

    @property
    def is_here(self) -> bool:
        """Whether the node is on this machine."""
        host = urlsplit(self.engine).hostname or ""
        return not self.is_url or host in ("localhost", "::1") or host.startswith("127.")


class ClientsSection(Section, frozen=True, kw_only=True):
    """The client processes of this machine; `parallel` 0 means one training per core at a time.

    `device` auto takes a GPU if torch has one.
    """

    count: Clients = 5
    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    parallel: Annotated[int, Meta(ge=0, le=MAX_CLIENTS)] = 0
    auto_register: bool = True
    names: tuple[Name, ...] = ()
    restart: bool = True
    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu"


class DataSection(Section, frozen=True, kw_only=True):
    """The data set, how its records are prepared, and how it is divided.

    `root` empty means this user's cache folder; `size` and `channels` 0 leave records as they are; `parts` 0 means one
    part a client.
    """

    dataset: Text = "mnist10k"
    root: Annotated[str, Meta(max_length=1024)] = ""
    size: Side = 0
    channels: Channels = 0
    normalise: Normalise = "none"
    partition: Scheme = "iid"
    alpha: Concentration = 0.5
    shards_per_client: Shards = 2
    test_fraction: TestFraction = 0.2
    holdout_fraction: Fraction = 0.1
    parts: Annotated[int, Meta(ge=0, le=MAX_CLIENTS)] = 0


class ModelSection(Section, frozen=True, kw_only=True):
    """The network: a built-in name or `module:factory`."""

    name: Text = "mlp"


class TrainingSection(Section, frozen=True, kw_only=True):
    """Local training; `steps` 0 means whole epochs, `prox_mu` 0 means no proximal term (FedProx, Li et al. 2020).

    `clip` bounds the L2 norm of an update; 0 is no bound.
    """

    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: Annotated[float, Meta(gt=0.0, le=100.0)] = 0.05
    momentum: Fraction = 0.9
    epochs: Annotated[int, Meta(ge=1, le=10_000)] = 1
    steps: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    batch_size: Annotated[int, Meta(ge=1, le=65_536)] = 32
    prox_mu: Annotated[float, Meta(ge=0.0, le=1_000.0)] = 0.0
    clip: Annotated[float, Meta(ge=0.0, le=1e6)] = 0.0

    def steps_for(self, records: int) -> int:
        """Return how many mini-batches a client with this many records trains on in a round."""
        return self.steps or self.epochs * math.ceil(records / self.batch_size)


class AggregationSection(Section, frozen=True, kw_only=True):
    """How updates become a model: the rule, the fixed-point scale in bits, the largest weight of a client."""

    rule: Literal["fedavg"] = "fedavg"
    scale_bits: Annotated[int, Meta(ge=8, le=30)] = 24
    max_weight: Annotated[int, Meta(ge=1, le=2**32 - 1)] = 1_000_000


class GasSection(Section, frozen=True, kw_only=True):
    """What the screen measures gas against: a budget for the whole run (0: none), and a currency a whole ether."""

    budget: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    currency: Annotated[str, Meta(min_length=1, max_length=8)] = "EUR"
    rate: Annotated[float, Meta(ge=0.0, le=1e12)] = 0.0


class UiSection(Section, frozen=True, kw_only=True):
    """The screen: paints a second, plain characters only, and colours."""

    refresh: Annotated[float, Meta(ge=0.5, le=20.0)] = 4.0
    ascii: bool = False
    theme: ThemeName = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The effective configuration. `notes` says in words what was adapted; it is no key."""

    run: RunSection = RunSection()
    rounds: RoundsSection = RoundsSection()
    chain: ChainSection = ChainSection()
    clients: ClientsSection = ClientsSection()
    data: DataSection = DataSection()
    model: ModelSection = ModelSection()
    training: TrainingSection = TrainingSection()
    aggregation: AggregationSection = AggregationSection()
    gas: GasSection = GasSection()
    ui: UiSection = UiSection()
    keys: KeysSection = KeysSection()
    notes: tuple[str, ...] = ()

    @property
    def parts(self) -> int:
        """How many slices the data set is cut into: more than clients leaves some for those that join later."""
        return slices(self.data.parts, self.clients.count)

    def sections(self) -> dict[str, dict[str, Any]]:
        """Return the sections as plain dictionaries, for `run.started` and `to_toml`; of the keys, the changed ones."""
        plain: dict[str, dict[str, Any]] = msgspec.to_builtins(self)
        plain.pop("notes")
        if not plain["keys"]:
            del plain["keys"]
        return plain


SECTIONS: dict[str, type[msgspec.Struct]] = {
    field.name: field.type for field in msgspec.structs.fields(Config) if field.name != "notes"
}


def load(
    file: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Config:
    """Return the effective configuration of defaults < `file` < `env` < `flags`; `defaults` changes some of the first.

    `flags` holds `{"run.rounds": 3}` or `{"run": {"rounds": 3}}`; a value of None is a flag that was not given. Raises
    ConfigError naming the source, the key and the nearest valid key or the allowed range.
    """
    merged: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    _merge(merged, check.check(_from_flags(defaults or {}), SECTIONS, source="defaults"))
    if file is not None:
        _merge(merged, check.check(_read(file), SECTIONS, source=str(file)))
    for variable, given in _from_env(env or {}).items():
        _merge(merged, check.check(given, SECTIONS, source=variable, text=True))
    _merge(merged, check.check(_from_flags(flags or {}), SECTIONS, source="flags"))
    config = msgspec.convert(merged, Config)
    _consistent(config)
    return _fitted(config)


def to_toml(config: Config) -> str:
    """Return the configuration as TOML text that `load` reads back to an equal one."""
    lines: list[str] = []
    for section, values in config.sections().items():
        lines += [f"[{section}]", *(f"{key} = {check.toml_value(value)}" for key, value in values.items()), ""]
    return "\n".join(lines)


def _merge(into: dict[str, dict[str, Any]], more: dict[str, dict[str, Any]]) -> None:
    for section, values in more.items():
        into[section].update(values)


def _read(file: Path) -> dict[str, Any]:
    try:
        # A configuration of one's own may be a link; what it leads to must be a file.
        text = read_regular(file.resolve(), MAX_FILE_BYTES).decode("utf-8")
        return dict(msgspec.toml.decode(text))
    except DltuiError as error:
        raise ConfigError(f"cannot be read: it {error.message}", where=str(file)) from error
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", where=str(file), hint="check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text", where=str(file)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(f"is not valid TOML: {error}", where=str(file)) from error


def _from_env(env: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what each variable sets, by its name."""
    found: dict[str, dict[str, Any]] = {}
    for variable, value in sorted(env.items()):
        if not variable.startswith("DLTUI_") or variable in OTHER_VARIABLES:
            continue
        section, _, key = variable.removeprefix("DLTUI_").lower().partition("_")
        found[variable] = {section: {key: value} if key else value}
    return found


def _from_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in flags.items():
        section, _, key = name.partition(".")
        given = {key: value} if key else value
        if isinstance(given, Mapping):
            found.setdefault(section, {}).update({k: v for k, v in given.items() if v is not None})
        elif given is not None:
            found[section] = given
    return found


def _consistent(config: Config) -> None:
    rounds = config.rounds
    _consistent_chain(config.chain)
    if rounds.train_seconds > rounds.train_seconds_max:
        raise ConfigError(
            f"{rounds.train_seconds} is more than rounds.train_seconds_max = {rounds.train_seconds_max}",
            where="rounds.train_seconds",
            hint="the deadline adapts between the two, so the first must not be larger",
        )
    if not rounds.committee // 2 < rounds.quorum <= rounds.committee:
        raise ConfigError(
            f"{rounds.quorum} of a committee of {rounds.committee} is no majority of it",
            where="rounds.quorum",
            hint=f"allowed: {rounds.committee // 2 + 1} to {rounds.committee}",
        )
    if 0 < config.data.parts < config.clients.count:
        raise ConfigError(
            f"{config.data.parts} parts are fewer than clients.count = {config.clients.count}",
            where="data.parts",
            hint="0 means one part a client",
        )
    if len(config.clients.names) > config.parts:
        raise ConfigError(
            f"{len(config.clients.names)} names for {config.clients.count} clients", where="clients.names"
        )
    config.keys.check()
    for name in config.clients.names:
        if len(name.encode("utf-8")) > 64:
            raise ConfigError(f"{name!r} is longer than 64 bytes", where="clients.names")


def _consistent_chain(chain: ChainSection) -> None:
    if chain.is_url and not _is_address(chain.engine):
        raise ConfigError(
            f"{ascii(chain.engine)[:80]} is no address of a node",
            where="chain.engine",
            hint="http:// or https://, a host, a port from 1 to 65,535 if it has one, and no user name",
        )
    if not chain.is_url and chain.engine not in ("auto", "embedded", "anvil"):
        raise ConfigError(
            f"{ascii(chain.engine)[:80]} is no chain",
            where="chain.engine",
            hint="allowed: auto, embedded, anvil, or the http:// or https:// address of a node",
        )
    if not chain.is_url:
        for key in ("federation", "first_block", "confirmations", "max_fee_gwei"):
            if getattr(chain, key):
                raise ConfigError(
                    f"has no meaning on a chain that the run makes (engine {chain.engine!r})", where=f"chain.{key}"
                )
    if not chain.is_here and not chain.keystore:
        raise ConfigError(
            "a node elsewhere needs an operator's key of its own: the demo's follows from the seed, so it is public",
            where="chain.keystore",
            hint="name an encrypted keystore file there",
        )


def _is_address(url: str) -> bool:
    """Return whether it can be the address of a node; any part of it may be `${NAME}`."""
    try:
        parts = urlsplit(re.sub(r"\$\{\w+\}", "1", url))
        return bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        return False


def _fitted(config: Config) -> Config:
    """Return a configuration that few clients can fill: a smaller committee and minimum, and a note that says so."""
    count, rounds, notes = config.clients.count, config.rounds, []
    if count < rounds.committee:
        quorum = min(rounds.quorum, count) if min(rounds.quorum, count) > count // 2 else count // 2 + 1
        notes.append(
            f"{count} client{'s' if count > 1 else ''}: committee lowered from {rounds.committee} to {count}, "
            f"quorum from {rounds.quorum} to {quorum}"
        )
        rounds = msgspec.structs.replace(rounds, committee=count, quorum=quorum)
    if count < rounds.min_submissions:
        notes.append(f"{count} client{'s' if count > 1 else ''}: min_submissions lowered to {count}")
        rounds = msgspec.structs.replace(rounds, min_submissions=count)
    return msgspec.structs.replace(config, rounds=rounds, notes=tuple(notes)) if notes else config
