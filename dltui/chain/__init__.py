"""The chain as a client sees it: JSON-RPC, keys, contracts, nodes to start or join, and blocks already made."""
