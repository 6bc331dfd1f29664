"""What a run looks like at one moment: the data that the fold of the journal fills and every face reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from dltui.core.chain_states import ClientStatus, RoundState, VersionState


@dataclass(frozen=True)
class Plan:
    """The part of the learning plan that the contracts hold; `plan` is its number on chain.

    `min_submissions` is 0 in runs of earlier editions, whose journals do not tell it.
    """

    plan: int
    plan_hash: str
    committee: int
    quorum: int
    require_approval: bool
    min_submissions: int


@dataclass(frozen=True)
class DataSet:
    """What is learned from: `test` of its records are in the test split that no client sees."""

    dataset: str
    schema: str
    records: int
    classes: int
    test: int
    sha256: str


@dataclass(frozen=True)
class Model:
    """What is trained, and what a round of it takes: `round_seconds` of training, `slots` clients at once."""

    model: str
    parameters: int
    bytes: int
    device: str
    round_seconds: float
    slots: int


@dataclass(frozen=True)
class Step:
    """One beat of a walkthrough, `n` of `of`."""

    n: int
    of: int
    title: str
    text: str


@dataclass
class Client:
    """One client. `membership` is its state on chain, `process` that of its process, `activity` what it last said."""

    id: str
    address: str = ""
    name: str = ""
    index: int | None = None
    membership: ClientStatus = ClientStatus.NONE
    process: str = "none"
    """none (not ours), starting, ready, exited or stopped (the operator asked for it)."""
    pid: int | None = None
    part: int | None = None
    """Slice of the data that its process here holds."""
    exit_code: int | None = None
    records: int = 0
    """Approved record count: the client's weight."""
    granted: bool = True
    """The client allows the use of its data."""
    train: int = 0
    held_out: int = 0
    activity: str = ""
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    loss: float | None = None
    accuracy_bp: int | None = None
    gas: int = 0
    fee: int = 0
    txs: int = 0
    misses: int = 0
    last_seen: str = ""
    """Time of the last event about this client."""

    @property
    def down(self) -> bool:
        """Its process ran here and runs no more."""
        return self.process in ("exited", "stopped")


@dataclass
class Verdict:
    """What was decided on one update."""

    client: str
    digest: str
    included: bool
    reason: str
    weight: int


@dataclass
class Round:
    """One round. Times are those of the events (UTC)."""

    number: int
    base: int
    state: RoundState = RoundState.OPEN
    attempt: int = 0
    selected: tuple[str, ...] = ()
    committee: tuple[str, ...] = ()
    seed: str = ""
    deadline: int = 0
    """Deadline of the present phase, unix seconds."""
    submitted: dict[str, str] = field(default_factory=dict)
    """Client to update digest."""
    weights: dict[str, int] = field(default_factory=dict)
    """Client to the approved record count of its update."""
    reported: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Member to the clients whose updates it holds (present attempt)."""
    members: tuple[str, ...] = ()
    """The members that reported and so may attest."""
    attested: dict[str, int] = field(default_factory=dict)
    """Member to accuracy in basis points (present attempt)."""
    late: dict[str, str] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    version: int | None = None
    accuracy_bp: int | None = None
    reason: str = ""
    excuse: str = ""
    """Why its misses count for nobody; empty if they do."""
    opened_at: str = ""
    phase_at: str = ""
    closed_at: str = ""
    agreeing: tuple[str, ...] = ()
    """The members whose seals were equal and decided."""
    verdicts_root: str = ""
    story: list[tuple[str, str, str]] = field(default_factory=list)
    """What happened in it, in order: time, what, and who did it (empty if nobody alone did)."""
    timing: dict[str, float] = field(default_factory=dict)
    """Seconds by part: total, training, chain, store, aggregation, attestation, waiting, queue."""
    phases: dict[str, float] = field(default_factory=dict)
    """Wall time in seconds by phase: open, reporting, attesting, closing."""
    trained: int = 0
    awaited: tuple[str, ...] = ()
    """Who was waited for while nobody worked."""
    gas: int = 0


@dataclass
class Version:
    """One row of the registry; `released` for the one in use."""

    number: int
    round: int
    digest: str
    cid: str
    parent: int | None
    state: VersionState = VersionState.VERIFIED
    tainted: bool = False
    """It descends from a rejected version."""
    released: bool = False
    accuracy_bp: int | None = None
    """The committee's median on held-out records."""
    test_accuracy_bp: int | None = None
    """On the test split that no client sees."""
    test_loss: float | None = None
    by: str = ""
    published_at: str = ""


@dataclass
class Tx:
    """One mined transaction, from its receipt."""

    hash: str
    function: str
    sender: str
    block: int
    gas_used: int
    fee: int
    ok: bool
    reason: str = ""
    round: int | None = None
    """The round in flight when it was mined."""


@dataclass
class GasRow:
    """Gas and fees summed over something: a function, a client or a round."""

    txs: int = 0
    gas: int = 0
    fee: int = 0


@dataclass
class Chain:
    """The node and what it has used."""

    state: str = "none"
    """none, starting, ready, lost or stopped."""
    engine: str = ""
    reason: str = ""
    """Why this engine, in words."""
    pid: int | None = None
    port: int = 0
    chain_id: int = 0
    url: str = ""
    block: int = 0
    block_at: str = ""
    gas: int = 0
    fee: int = 0
    txs: int = 0
    reverted: int = 0
    blocks: list[tuple[int, int]] = field(default_factory=list)
    """The last 256 blocks: number and gas used."""
    by_function: dict[str, GasRow] = field(default_factory=dict)
    by_sender: dict[str, GasRow] = field(default_factory=dict)
    by_round: dict[int, GasRow] = field(default_factory=dict)
    """Round 0 stands for what came before the first."""
    contracts: dict[str, str] = field(default_factory=dict)
    """Contract name to address."""


@dataclass
class Alert:
    """Something that needs the operator, until it is cleared."""

    id: str
    severity: str
    text: str
    hint: str
    at: str
    until: int = 0
    """When the run fails if nothing changes, in unix seconds; 0 if it does not."""
    held: bool = False
    """It would fail, and does not while a screen is open that can act."""
