"""The blobs of a round as bytes: strict JSON and canonical safetensors, each with its limits."""
