"""What chain, blobs and journal mean together: the plan, the ledger, the facts, a round's result."""
