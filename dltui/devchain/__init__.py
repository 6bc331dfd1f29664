"""The embedded chain: py-evm under Cancun rules over sqlite, behind JSON-RPC on the loopback interface."""
