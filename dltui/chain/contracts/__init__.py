"""The contracts: ABI coding, typed wrappers, artifacts, decoded logs, gas and reasons of reverts."""
