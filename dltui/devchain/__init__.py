"""The embedded chain: a real EVM over sqlite with a JSON-RPC server, as a process of its own."""
