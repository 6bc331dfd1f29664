"""The JSON-RPC methods of the node by name, with the results and error codes of real nodes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from dltui.chain.transactions import Refused
from dltui.devchain import params
from dltui.devchain.api.accounts import AccountMethods
from dltui.devchain.api.blocks import BlockMethods
from dltui.devchain.api.fees import FeeMethods
from dltui.devchain.api.filters import FilterMethods
from dltui.devchain.api.logs import LogMethods
from dltui.devchain.api.node import NodeMethods
from dltui.devchain.api.transactions import CallMethods, SendMethods
from dltui.devchain.deadline import OutOfTime
from dltui.devchain.fair_queue import Busy
from dltui.devchain.index import TooManyLogs
from dltui.devchain.miner import Miner
from dltui.devchain.params import RpcFault
from dltui.devchain.stored_chain import StoredChain
from dltui.errors import ChainError

log = logging.getLogger(__name__)

_NAMESPACES = ("eth_", "net_", "web3_", "dltui_")


class Methods:
    """Calls methods by name on one chain and its miner. Safe to use from many threads."""

    def __init__(self, chain: StoredChain, miner: Miner) -> None:
        self.chain, self.miner = chain, miner
        groups: tuple[object, ...] = (
            NodeMethods(chain),
            BlockMethods(chain, miner),
            AccountMethods(chain, miner),
            FeeMethods(chain),
            CallMethods(chain),
            SendMethods(chain, miner),
            LogMethods(chain),
            FilterMethods(chain, miner),
        )
        self._table: dict[str, Callable[[Any], Any]] = {
            name: getattr(group, name) for group in groups for name in dir(group) if name.startswith(_NAMESPACES)
        }

    def names(self) -> list[str]:
        """Return the names of all methods, sorted."""
        return sorted(self._table)

    def call(self, method: str, given: Any) -> Any:
        """Return the result of `method` with the parameters `given`; every failure is an `RpcFault`."""
        function = self._table.get(method)
        if function is None:
            name = ascii(method[:80])[1:-1]
            raise RpcFault(params.METHOD_NOT_FOUND, f"the method {name} does not exist/is not available")
        try:
            return function(given)
        except (Refused, ChainError) as error:
            raise RpcFault(params.SERVER_ERROR, error.message) from error
        except OutOfTime as error:
            raise RpcFault(params.SERVER_ERROR, str(error)) from error
        except TooManyLogs as error:
            raise RpcFault(params.LIMIT_EXCEEDED, str(error)) from error
        except Busy as error:
            raise RpcFault(params.LIMIT_EXCEEDED, str(error)) from error
        except RpcFault:
            raise
        except Exception as error:
            log.exception("%s failed", method)
            raise RpcFault(params.INTERNAL, f"internal error ({type(error).__name__})") from error
