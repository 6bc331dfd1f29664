"""A deployed federation for contract tests, with the steps of a round as one-liners."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from dltui.chain import merkle
from dltui.chain.contracts.bound import (
    NO_LIMIT,
    OPERATOR_ROLE,
    DataRegistry,
    FLContract,
    ModelRegistry,
    Plan,
    RoundInfo,
    deploy_call,
)
from dltui.chain.types import Call
from dltui.core.chain_states import RoundState
from tests.kits.contract_evm import CHAIN_ID, Evm, Sent, address
from tests.kits.contract_parts import indices

FEDERATION_ID = bytes(range(32))
SEED = b"\x5e" * 32
SCHEMA = b"\x5c" * 32
GENESIS = b"\x6e" * 32
PLAN = Plan(
    plan_hash=b"\x91" * 32,
    min_submissions=3,
    committee_size=3,
    quorum=2,
    max_missed=2,
    scheme=0,
    require_approval=False,
    train_window=10,
    train_window_max=600,
    report_window=60,
    attest_window=90,
    privacy_cost=0,
)


class World:
    """`admin` has every role; `operator` only runs the federation; `clients` are enrolled in this order."""

    def __init__(self) -> None:
        self.evm = Evm()
        self.admin, self.operator, self.stranger = address("admin"), address("operator"), address("stranger")
        self.clients: list[str] = []
        models, data = (self._deploy(name, self.admin) for name in ("ModelRegistry", "DataRegistry"))
        fl = self._deploy("FLContract", FEDERATION_ID, SEED, models, data, self.admin)
        self.fl, self.models, self.data = (
            FLContract(self.evm, fl),
            ModelRegistry(self.evm, models),
            DataRegistry(self.evm, data),
        )
        self.send(self.admin, self.models.set_federation(fl))
        self.send(self.admin, self.data.set_federation(fl))

    def _deploy(self, name: str, *args: Any) -> str:
        return self.evm.send(self.admin, deploy_call(name, *args)).created

    def send(self, sender: str, call: Call) -> Sent:
        """Sends; raises Reverted."""
        return self.evm.send(sender, call)

    def operate(self, call: Call) -> Sent:
        """Sends as the operator."""
        return self.evm.send(self.operator, call)

    @property
    def root(self) -> bytes:
        """The state, to compare and to go back to."""
        return self.evm.root

    def wait(self, seconds: int) -> None:
        """Moves the clock."""
        self.evm.now += seconds

    def pass_deadline(self) -> None:
        """Moves the clock to the first second after the running phase."""
        self.evm.now = self.round().deadline + 1

    def round(self) -> RoundInfo:
        """The newest round."""
        return self.fl.round_of(self.fl.current_round())

    # Setting up

    def ready(self, clients: int = 5, plan: Plan = PLAN) -> None:
        """An operator, version 0, a plan and enrolled clients."""
        for contract in (self.fl, self.models, self.data):
            self.send(self.admin, contract.grant_role(OPERATOR_ROLE, self.operator))
        self.operate(self.models.genesis(GENESIS))
        self.operate(self.fl.set_plan(plan))
        for _ in range(clients):
            self.enrol(address(f"client {len(self.clients)}"))

    def enrol(self, account: str) -> int:
        """Joins, is approved, commits data (100 records more than its index) and has it approved."""
        self.send(account, self.fl.join(f"client {len(self.clients)}"))
        index = int(self.operate(self.fl.approve_client(account)).args("ClientApproved")["index"])
        root, count = bytes([index % 255 + 1]) * 32, 100 + index
        self.send(account, self.data.commit(root, count, SCHEMA, NO_LIMIT))
        self.operate(self.data.approve_data(account, root, count))
        self.clients.append(account)
        return index

    def replan(self, **changes: Any) -> None:
        """Puts a changed plan in force."""
        self.operate(self.fl.set_plan(replace(PLAN, **changes)))

    # A round

    def open(self) -> int:
        """Opens a round; returns its number."""
        return int(self.operate(self.fl.open_round()).args("RoundOpened")["round"])

    def submit(self, *who: int) -> Sent:
        """These clients submit (all selected that have not, when none is named); returns the last one's receipt."""
        r = self.round()
        sent = None
        for index in who or indices(r.selected & ~r.submitted):
            sent = self.send(self.clients[index], self.fl.submit(self.fl.current_round(), digest(index)))
        assert sent is not None
        return sent

    def report(self, *who: int, available: int | None = None) -> Sent:
        """These members report all submissions as available (the whole committee when none is named)."""
        r, number = self.round(), self.fl.current_round()
        sent = None
        for index in who or indices(r.committee & ~r.reported):
            shown = r.submitted if available is None else available
            sent = self.send(self.clients[index], self.fl.report(number, r.attempt, shown))
        assert sent is not None
        return sent

    def seal(self, index: int, result: bytes, verdicts: bytes) -> bytes:
        """What client `index` seals in the running attempt."""
        number, attempt = self.fl.current_round(), self.round().attempt
        account = self.clients[index]
        return merkle.seal(CHAIN_ID, self.fl.address, FEDERATION_ID, number, attempt, account, result, verdicts)

    def attest(self, *who: int, result: bytes, verdicts: bytes = bytes(32), accuracy: int = 9000) -> Sent:
        """These members seal this result (all that reported when none is named)."""
        r, number = self.round(), self.fl.current_round()
        sent = None
        for index in who or indices(r.reported & ~r.attested):
            sealed = self.seal(index, result, verdicts)
            sent = self.send(self.clients[index], self.fl.attest(number, r.attempt, sealed, accuracy))
        assert sent is not None
        return sent

    def finalise(self, result: bytes, verdicts: bytes = bytes(32)) -> Sent:
        """A stranger opens the seals."""
        return self.send(self.stranger, self.fl.finalise(self.fl.current_round(), result, verdicts))

    def play(self, result: bytes, verdicts: bytes = bytes(32), submitters: Sequence[int] = ()) -> Sent:
        """A whole round that is finalised with this result."""
        self.open()
        self.submit(*submitters)
        if submitters and self.round().state == RoundState.OPEN:
            self.pass_deadline()
            self.send(self.stranger, self.fl.close_submissions(self.fl.current_round()))
        self.report()
        self.attest(result=result, verdicts=verdicts)
        return self.finalise(result, verdicts)

    def abort(self) -> Sent:
        """A whole round that nobody submits in."""
        number = self.open()
        self.pass_deadline()
        return self.send(self.stranger, self.fl.close_submissions(number))

    def outsider(self) -> int:
        """Index of a selected client that is not on the committee."""
        r = self.round()
        return indices(r.selected & ~r.committee)[0]

    def members(self) -> tuple[int, ...]:
        """Indices of the committee."""
        return indices(self.round().committee)

    def refused(self, name: str, **args: Any) -> AbstractContextManager[None]:
        """See Evm.refused."""
        return self.evm.refused(name, **args)


def digest(index: int) -> bytes:
    """The update digest of client `index` in these tests."""
    return bytes([0xD0, index]) * 16


def result(number: int) -> bytes:
    """A result digest, distinct by number."""
    return bytes([0xE0, number]) * 16
