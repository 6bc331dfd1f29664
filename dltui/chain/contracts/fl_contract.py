"""Typed wrapper of the FLContract: plans, clients and rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import ClassVar

from eth_utils import to_checksum_address

from dltui.chain.contracts.binding import Contract
from dltui.chain.contracts.records import ClientInfo, ClientStatus, Membership, Plan, RoundInfo, RoundState
from dltui.chain.types import Call


class FLContract(Contract):
    """A federation's clients and rounds."""

    name: ClassVar[str] = "FLContract"

    # Plans

    def set_plan(self, plan: Plan) -> Call:
        """Puts a plan in force from the next round on. Operator."""
        return self._write("setPlan", astuple(plan))

    def plan_of(self, plan_id: int) -> Plan:
        """A plan by its number, from 0; Reverted when there is none."""
        return Plan(*self._one("planOf", plan_id))

    def plan_count(self) -> int:
        """How many plans there are; the last one is in force from the next round on."""
        return int(self._one("planCount"))

    # Clients

    def join(self, name: str) -> Call:
        """Applies to take part; `name` has 1 to 64 bytes."""
        return self._write("join", name)

    def approve_client(self, account: str) -> Call:
        """Accepts an applicant from the next round on. Operator."""
        return self._write("approveClient", account)

    def reject_client(self, account: str) -> Call:
        """Turns an applicant away. Operator."""
        return self._write("rejectClient", account)

    def suspend_client(self, index: int) -> Call:
        """Takes an active client out. Operator."""
        return self._write("suspendClient", index)

    def reinstate_client(self, index: int) -> Call:
        """Takes a suspended client back from the next round on. Operator."""
        return self._write("reinstateClient", index)

    def ban_client(self, index: int) -> Call:
        """Shuts a client out for good. Operator."""
        return self._write("banClient", index)

    def leave(self) -> Call:
        """The sender stops taking part, at once or after the round that needs it."""
        return self._write("leave")

    def complete_leave(self, index: int) -> Call:
        """Completes a leave once no running round needs the client. Anyone."""
        return self._write("completeLeave", index)

    def record_miss(
        self, round: int, index: int, digest: bytes = bytes(32), weight: int = 0, proof: Sequence[bytes] = ()
    ) -> Call:
        """Records a miss in the last closed round. Anyone.

        `digest`, `weight` and `proof` prove a WITHHELD verdict; they stay away for a client that did not submit.
        """
        return self._write("recordMiss", round, index, digest, weight, list(proof))

    def client_of(self, index: int) -> ClientInfo:
        """An approved client by its index; status NONE when there is none."""
        account, status, *rest = self._one("clientOf", index)
        return ClientInfo(to_checksum_address(account), ClientStatus(status), *rest)

    def client_by_address(self, account: str) -> Membership:
        """Where an address stands, and its index when it ever was approved."""
        status, index, exists = self._read("clientByAddress", account)
        return Membership(ClientStatus(status), index, exists)

    def index_of(self, account: str) -> int | None:
        """The client index of an address; None when it never was approved."""
        index, exists = self._read("indexOf", account)
        return int(index) if exists else None

    def active_bitmap(self) -> int:
        """The clients that the next round selects."""
        return int(self._one("activeBitmap"))

    def client_count(self) -> int:
        """How many indices were given out."""
        return int(self._one("clientCount"))

    # Rounds

    def open_round(self) -> Call:
        """Opens the next round. Operator."""
        return self._write("openRound")

    def submit(self, round: int, digest: bytes, scheme: int = 0, group: int = 0) -> Call:
        """Announces an update by its SHA-256. A selected active client, once."""
        return self._write("submit", round, digest, scheme, group)

    def close_submissions(self, round: int) -> Call:
        """Ends submissions after their deadline. Anyone."""
        return self._write("closeSubmissions", round)

    def report(self, round: int, attempt: int, available: int, scores: bytes = b"") -> Call:
        """Says which updates (bitmap) the sender holds and serves; `scores` at most 512 bytes. A member, once."""
        return self._write("report", round, attempt, available, scores)

    def close_reports(self, round: int) -> Call:
        """Ends reports after their deadline. Anyone."""
        return self._write("closeReports", round)

    def attest(self, round: int, attempt: int, sealed: bytes, accuracy_bp: int) -> Call:
        """Seals the recomputed result (see merkle.seal). A member that reported, once."""
        return self._write("attest", round, attempt, sealed, accuracy_bp)

    def finalise(self, round: int, result_digest: bytes, verdicts_root: bytes) -> Call:
        """Opens the seals. Anyone; NoQuorum when too few members sealed this result."""
        return self._write("finalise", round, result_digest, verdicts_root)

    def close_attestations(self, round: int) -> Call:
        """Gives up on this committee: after the deadline without a quorum, after another window in any case."""
        return self._write("closeAttestations", round)

    def base_rejected(self) -> Call:
        """Aborts a round on a rejected base. ModelRegistry only, so a client sees it refused."""
        return self._write("baseRejected")

    def round_of(self, round: int) -> RoundInfo:
        """A round by its number, from 1; state NONE when there is none."""
        state, *rest = self._one("roundOf", round)
        return RoundInfo(RoundState(state), *rest)

    def current_round(self) -> int:
        """Number of the newest round; 0 before the first."""
        return int(self._one("currentRound"))

    def seal_of(self, round: int, attempt: int, member: str, result_digest: bytes, verdicts_root: bytes) -> bytes:
        """The seal that a member attests to with this result, as the contract computes it."""
        return bytes(self._one("sealOf", round, attempt, member, result_digest, verdicts_root))

    # The federation itself

    def seed(self) -> bytes:
        """What the next committee is drawn from."""
        return bytes(self._one("seed"))

    def federation_id(self) -> bytes:
        """The federation's random name."""
        return bytes(self._one("federationId"))

    def registry(self, name: str) -> str:
        """Address of a registry of this federation, by its contract's name."""
        return to_checksum_address(self._one(name[0].lower() + name[1:]))

    def model_registry(self) -> str:
        """Address of the ModelRegistry."""
        return self.registry("ModelRegistry")

    def data_registry(self) -> str:
        """Address of the DataRegistry."""
        return self.registry("DataRegistry")
