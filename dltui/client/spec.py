"""Everything that a client process needs to know at its start; it travels over a socket, never in argv."""

from __future__ import annotations

from dltui.learning.plan import LearningSpec


class ClientSpec(LearningSpec, forbid_unknown_fields=True, kw_only=True):
    """One participant."""

    name: str
    """What it calls itself when it joins."""
    key: str
    """Its private key, 32 bytes in hex."""
    salt: str
    """What the salts of its commitments come from, 32 bytes in hex: not the key, if that is no demo's."""
    part: int
    """Which slice of the data set is its own."""
    rpc_url: str
    chain_id: int
    word: str = ""
    """What shows the run's own node that one of its processes asks."""
    first_block: int = 0
    """Where the federation's logs begin."""
    confirmations: int = 0
    """Blocks on top of one until it counts."""
    max_fee: int = 0
    """The most that a unit of gas may cost, in wei; 0 is no bound."""
    pause: float = 0.1
    """Seconds between two looks at a node without long polls."""
    patience: float = 60.0
    """Seconds that a transaction may take."""
    federation_id: str
    """The federation's random name, 32 bytes in hex: it signs for no other."""
    federation: str
    """Address of the FLContract."""
    model_registry: str
    data_registry: str
    store: str
    """URL of the blob store."""

    gate: str = ""
    """Folder with the locks that bound how many clients train at once; empty for no bound."""
