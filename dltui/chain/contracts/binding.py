"""What the typed contract wrappers share: calldata, reads, gas limits, roles and deployment."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, TypeVar

from eth_abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils import to_checksum_address

from dltui.chain.contracts import abi, artifacts, gas, releases
from dltui.chain.contracts.declarations import ROLES
from dltui.chain.contracts.reverts import explain
from dltui.chain.rpc_errors import RpcError
from dltui.chain.types import Call, Reverted
from dltui.errors import ChainError

ADMIN_ROLE = ROLES["admin"]
"""Hands roles out."""
OPERATOR_ROLE = ROLES["operator"]
"""Runs the federation day by day."""


_Bound = TypeVar("_Bound", bound="Contract")


class Caller(Protocol):
    """The part of a JSON-RPC client that reads need."""

    def call(self, method: str, *params: Any) -> Any:
        """Return the result of one JSON-RPC call; raises RpcError."""


class Contract:
    """One deployed contract. Reads ask the node; writes return a Call to be signed and sent.

    A read that reverts raises Reverted; an address without this contract raises ChainError.
    """

    name: ClassVar[str] = ""

    def __init__(self, rpc: Caller, address: str, *, block: int | str = "latest") -> None:
        self.rpc = rpc
        self.address = to_checksum_address(address)
        self._block = hex(block) if isinstance(block, int) else block

    def at(self: _Bound, block: int | str) -> _Bound:
        """Return the same contract, read as it was after `block`."""
        return type(self)(self.rpc, self.address, block=block)

    def verify_code(self) -> None:
        """Check that the code on chain is the shipped contract's; raises ChainError."""
        code = bytes.fromhex(self.rpc.call("eth_getCode", self.address, self._block)[2:])
        if artifacts.artifact(self.name).is_code(code):
            return
        release = releases.deployed_by(self.name, code)
        if release is None:
            raise ChainError(f"the code there is not {self.name} as shipped", where=self.address)
        raise ChainError(
            f"the {self.name} there is that of release {release}: this release opens no rounds on it",
            where=self.address,
            hint=f"its runs can be watched and verified here; open rounds with dltui {release}, or deploy a federation",
        )

    def has_role(self, role: bytes, account: str) -> bool:
        """Return whether `account` has `role` (ADMIN_ROLE, OPERATOR_ROLE)."""
        return bool(self._one("hasRole", role, account))

    def get_role_admin(self, role: bytes) -> bytes:
        """Return the role whose holders hand `role` out."""
        return bytes(self._one("getRoleAdmin", role))

    def supports_interface(self, interface_id: bytes) -> bool:
        """ERC-165."""
        return bool(self._one("supportsInterface", interface_id))

    def grant_role(self, role: bytes, account: str) -> Call:
        """Give `role`. Admin."""
        return self._write("grantRole", role, account)

    def revoke_role(self, role: bytes, account: str) -> Call:
        """Take `role` away. Admin."""
        return self._write("revokeRole", role, account)

    def renounce_role(self, role: bytes, account: str) -> Call:
        """Give the sender's own `role` up; `account` repeats the sender."""
        return self._write("renounceRole", role, account)

    def _write(self, function: str, *args: Any) -> Call:
        data = abi.entries(self.name, "function")[function].encode(args)
        return Call(self.name, function, self.address, data, gas.limit(self.name, function))

    def _read(self, function: str, *args: Any) -> tuple[Any, ...]:
        entry = abi.entries(self.name, "function")[function]
        request = {"to": self.address, "data": "0x" + entry.encode(args).hex()}
        try:
            answer = self.rpc.call("eth_call", request, self._block)
        except RpcError as error:
            if error.data is None:
                raise
            raise Reverted(f"{self.name}.{function}", explain(error.data)) from None
        try:
            return tuple(decode([param.type for param in entry.outputs], bytes.fromhex(answer[2:])))
        except (DecodingError, ValueError, TypeError):
            raise ChainError(f"no {self.name} answers there", where=self.address) from None

    def _one(self, function: str, *args: Any) -> Any:
        return self._read(function, *args)[0]


def deploy_call(name: str, *args: Any) -> Call:
    """Return the deployment of a contract by its name, with what its constructor is given (see `declarations`).

    Afterwards the admin calls `set_federation` on the registries.
    """
    data = artifacts.artifact(name).bytecode + encode(abi.constructor(name), args)
    return Call(name, "constructor", None, data, gas.limit(name, "constructor"))
