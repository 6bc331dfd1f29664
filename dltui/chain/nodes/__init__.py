"""Nodes: which engine a run takes, and the embedded chain, anvil or a URL as its node."""
