"""The JSON-RPC methods of the embedded chain, a class for each concern."""
