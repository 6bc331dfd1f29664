"""What rules a chain out before the run begins on it: no anvil, a taken port, a node that is away or another one."""

from __future__ import annotations

from dltui.chain.history.remote_blocks import check_first_block
from dltui.chain.nodes.choice import URL, choose, refuse_open
from dltui.chain.nodes.ports import free_port
from dltui.chain.nodes.url_node import UrlNode
from dltui.chain.rpc import Rpc
from dltui.config.sections import Config
from dltui.engine.deployment import join
from dltui.engine.funds import check_funds


def check_chain(config: Config, operator: str) -> None:
    """Raise ChainError or ConfigError if a new run of the `operator` (an address) cannot begin on its chain.

    Starts nothing and sends nothing.
    """
    chain = config.chain
    refuse_open(chain.engine, chain.keystore)
    choice = choose(chain.engine, chain.anvil)
    if choice.engine != URL:
        if chain.port:
            free_port(chain.port, "[chain] port")
        return
    node = UrlNode(choice.url, chain.chain_id)
    node.start()
    with Rpc(node.url) as rpc:
        check_funds(rpc, operator, config, node.shown)
        if chain.federation:
            check_first_block(rpc, chain.federation, chain.first_block)
            join(rpc, chain.federation, operator)
