"""Exact integer aggregation: updates in, a model, verdicts and a manifest out; the same bytes in any order."""
