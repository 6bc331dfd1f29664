"""Arguments of commands: typed, with their ranges, and the words that the command line has for each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

ClientId = Annotated[str, Meta(min_length=1, max_length=64, description="The client's id, such as client-3.")]
VersionNumber = Annotated[int, Meta(ge=0, le=2**32 - 1, description="The version's number.")]
RoundNumber = Annotated[int, Meta(ge=1, le=2**32 - 1, description="The round's number.")]
TxHash = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}\\Z", description="The transaction's hash, 0x and 64 hex digits.")]
Part = Annotated[int, Meta(ge=0, le=255, description="A new client's slice of the data.")]
Step = Annotated[int, Meta(ge=1, le=1_000)]
StopSignal = Annotated[Literal["term", "kill"], Meta(description="Without a chance to end by itself.")]


class Args(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the arguments. On the command line, a field with a default is an option, any other an argument.

    A field of two words is a flag with the name of the word that is not the default.
    """


class NoArgs(Args, frozen=True, kw_only=True):
    """A command without arguments."""


class ClientArgs(Args, frozen=True, kw_only=True):
    """A command about one client, by its id."""

    client: ClientId


class RegisterArgs(Args, frozen=True, kw_only=True):
    """Accept the pending client of that id, or start a new one that calls itself so, with a free slice of the data."""

    client: ClientId
    part: Part | None = None
    """The slice of a new client; None takes the first that is free."""


class StopArgs(Args, frozen=True, kw_only=True):
    """Stop a client's process: `term` lets it end, `kill` does not."""

    client: ClientId
    signal: StopSignal = "term"


class VersionArgs(Args, frozen=True, kw_only=True):
    """A command about one version of the model."""

    version: VersionNumber


class RoundArgs(Args, frozen=True, kw_only=True):
    """A command about one round."""

    round: RoundNumber


class TxArgs(Args, frozen=True, kw_only=True):
    """A command about one transaction, by its hash."""

    hash: TxHash


class EstimateArgs(Args, frozen=True, kw_only=True):
    """Another command, by its name and arguments."""

    command: str
    args: dict[str, Any]


class StepArgs(Args, frozen=True, kw_only=True):
    """A beat of a walkthrough."""

    n: Step
    of: Step
    title: Annotated[str, Meta(max_length=200)]
    text: Annotated[str, Meta(max_length=2_000)]


class HoldArgs(Args, frozen=True, kw_only=True):
    """Seconds for which the run takes no step of its own, because its walkthrough is being read; 0 ends it."""

    seconds: Annotated[float, Meta(ge=0.0, le=60.0)]


class PresenceArgs(Args, frozen=True, kw_only=True):
    """Seconds for which the run does not fail for want of clients, because a screen is open that can act."""

    seconds: Annotated[float, Meta(ge=0.0, le=9.0)]
