"""The process of a run: starts node, clients and evaluator, signs for the operator, writes the journal."""
