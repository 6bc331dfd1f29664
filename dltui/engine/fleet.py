"""The clients of this machine as the operator sees them: each has a slice of the data, a key with money, a process."""

from __future__ import annotations

from dltui.chain.nodes.endpoint import Endpoint
from dltui.chain.rpc import Rpc
from dltui.chain.wallet import Wallet
from dltui.config.sections import Config
from dltui.engine.funds import fund_client
from dltui.engine.workers import WorkerPool
from dltui.errors import RunError


class Fleet:
    """Starts clients with what they need: money, and the `endpoint` and `addresses` of the federation."""

    def __init__(
        self,
        config: Config,
        workers: WorkerPool,
        rpc: Rpc,
        wallet: Wallet,
        endpoint: Endpoint,
        addresses: dict[str, str],
    ) -> None:
        self._config = config
        self._workers = workers
        self._rpc = rpc
        self._wallet = wallet
        self._endpoint = endpoint
        self._addresses = addresses
        self.local: dict[str, int] = {}
        """Address of each client that was started to its slice: only these are registered without being asked."""

    def start(self, part: int, name: str = "", fund: bool = True) -> str:
        """Start the client of slice `part`, under `name` if that is given, and return its id."""
        if name:
            self._workers.names[part] = name
        address = self._workers.address_of(part)
        if fund:
            fund_client(self._rpc, self._wallet, address, self._config)
        self.local[address] = part
        return self._workers.start_client(part, self._endpoint, self._addresses)

    def start_new(self, name: str, part: int | None = None) -> tuple[str, int]:
        """Start a client on slice `part`, or on the first that is free; return its id and its slice.

        Raises RunError if there is none, or that one is taken.
        """
        if name in self._workers.parts:
            raise RunError(f"{name} has not asked to join yet", hint="it starts; try again in a moment")
        used = set(self._workers.parts.values())
        free = [n for n in range(self._config.parts) if n not in used]
        if not free:
            raise RunError(
                f"no client {name} has asked to join, and no slice of the data is left for a new one",
                hint="set [data] parts higher than [clients] count before a run",
            )
        if part is not None and part not in free:
            raise RunError(f"slice {part} of the data is not free", hint=f"free: {', '.join(map(str, free))}")
        chosen = free[0] if part is None else part
        return self.start(chosen, name), chosen

    def restart(self, name: str) -> None:
        """Start a client again whose process has ended; raises RunError if it runs, or is none of this machine."""
        self._workers.restart_client(name)

    def stop(self, name: str, kill: bool) -> int:
        """Ask a client to end, or kill it; return its pid. Raises RunError if it does not run."""
        return self._workers.stop_client(name, kill)

    def is_gone(self, address: str) -> bool:
        """Whether that is a client of this machine without a process."""
        part = self.local.get(address)
        return part is not None and any(
            self._workers.is_down(name) for name, of in self._workers.parts.items() if of == part
        )
