"""web3.py on the chain of a run: a connected object, the federation's contracts, and an account that signs.

web3 is imported here and nowhere else in the package: it takes most of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from web3 import Web3
from web3.contract import Contract
from web3.middleware import ExtraDataToPOAMiddleware, SignAndSendRawMiddlewareBuilder, Web3Middleware

from dltui.chain.contracts import artifacts, releases
from dltui.chain.contracts.decode import decode_tx
from dltui.errors import ChainError

TIMEOUT = 30.0
"""Seconds that one answer of the node may take."""
CONTRACTS = {"fl": "FLContract", "models": "ModelRegistry", "data": "DataRegistry"}
"""Name at the prompt to name of the contract."""


def connect(url: str, *, foreign: bool = False) -> Web3:
    """A web3 object on the node at `url`; raises ChainError if nothing answers there.

    Proxies of the environment and redirections are not followed: an address may hold an access key. The headers of a
    `foreign` chain may be those of a proof of authority.
    """
    kwargs = {"timeout": TIMEOUT, "allow_redirects": False, "proxies": {"no_proxy": "*"}}
    w3 = Web3(Web3.HTTPProvider(url, request_kwargs=kwargs))
    if foreign:
        w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    if not w3.is_connected():
        raise ChainError("the node does not answer", where=_shown(url), hint="is it running?")
    return w3


def bind(w3: Web3, addresses: Mapping[str, str]) -> tuple[dict[str, Contract], str]:
    """The federation's contracts by their names at the prompt, and the release whose code they have ("": this one).

    Their ABI is this release's. Raises ChainError if other code, or none, lies at an address.
    """
    bound, release = {}, ""
    for shown, name in CONTRACTS.items():
        address = addresses.get(name, "")
        if not Web3.is_address(address):
            raise ChainError(f"the run names no {name}", where=address[:60], hint="its contracts were not deployed yet")
        address = Web3.to_checksum_address(address)
        code = bytes(w3.eth.get_code(address))
        if not artifacts.artifact(name).is_code(code):
            earlier = releases.deployed_by(name, code)
            if earlier is None:
                raise ChainError(f"the code there is not {name} of a known release", where=address)
            release = earlier
        bound[shown] = w3.eth.contract(address, abi=artifacts.artifact(name).abi)
    return bound, release


def sign_with(w3: Web3, key: bytes, max_fee: int) -> str:
    """Let `w3` sign what it sends with this private key; returns the key's address, which is the default sender.

    `max_fee` is the most that a unit of gas may cost in wei (0: no bound); ChainError is raised before more is sent.
    """
    account = w3.eth.account.from_key(key)
    w3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(account), layer=0)
    if max_fee:
        w3.middleware_onion.inject(partial(FeeBound, max_fee), "fee bound", layer=0)  # type: ignore[arg-type]
    w3.eth.default_account = account.address
    return str(account.address)


class FeeBound(Web3Middleware):
    """Refuses a signed transaction that offers more than `max_fee` wei for a unit of gas: a node may lie about fees."""

    def __init__(self, max_fee: int, w3: Web3) -> None:
        super().__init__(w3)
        self._max_fee = max_fee

    def request_processor(self, method: Any, params: Any) -> Any:
        """What goes on to the node, unchanged."""
        if method == "eth_sendRawTransaction":
            raw = params[0] if isinstance(params[0], bytes) else Web3.to_bytes(hexstr=params[0])
            offered = decode_tx(raw, {}).max_fee
            if offered > self._max_fee:
                raise ChainError(
                    f"a fee of {offered:,} wei per gas is over the bound of {self._max_fee:,}",
                    where="[chain] max_fee_gwei",
                    hint="nothing was sent; pass maxFeePerGas and maxPriorityFeePerGas to transact()",
                )
        return method, params


def _shown(url: str) -> str:
    """The address without its path, which may hold an access key."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}"
