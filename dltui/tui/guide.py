"""What each pane, page and screen shows, in a few words: the first lines of its help."""

from __future__ import annotations

GUIDE: dict[str, str] = {
    "round": (
        "The round in flight: its phases, how many updates, reports or attestations are in, what it "
        "waits for, whom, how long at most, and what happens then. Below, how accuracy and loss went, "
        "and where time went: by phase, then when nobody worked, then what training was made of. A round's gas is "
        "that of all transactions from its opening until the next round opens, misses and approvals included."
    ),
    "chain": (
        "The node and what it has used, all from receipts: blocks and their age, gas against the budget, of "
        "deployments, by function, sender and round (all transactions from its opening until the next one opens), "
        "and the last transactions. `dltui console` opens a Python prompt on it."
    ),
    "clients": (
        "One row a client: what it does in the round, the loss of its own training, what it attested of the round's "
        "result (members of the committee), its share (its weight's part of the last aggregate), what it has paid, "
        "when it was last heard of. A diamond marks a seat on the committee. The cursor follows the client, not the "
        "row, and the order stays for 3 s while you move."
    ),
    "registry": (
        "Every version of the model, newest first: verified by a quorum, then approved or rejected by "
        "the operator. The accuracy is the committee's median; the one on the test split was measured by "
        "the engine."
    ),
    "events": (
        "Everything that happens, as the journal tells it. It follows the end until you move up. What a "
        "key does comes with the shell command that does the same."
    ),
    "round page": "One round: what happened when, who took part, what was decided, where time and gas went.",
    "client": "One client: who it is, what its process does, and what each round came to.",
    "version": "One version: where it comes from, who made it with which weight, and who vouched for it.",
    "tx": "One transaction: what was called with which arguments, what it cost, and what became of it.",
    "call": "The transactions that called one function of a contract, or deployed one, and what they cost together.",
    "operator": "The transactions that the operator has sent, and what they cost together.",
    "set-up": "The transactions that came before the first round, and what they cost together.",
    "event": "One line of the journal, field by field.",
    "alerts": "What needs you now, with what to do; and what is over.",
    "plots": (
        "How accuracy and loss went, who weighed how much, and where the gas went. The numbers show one plot alone, "
        "left and right turn to the next."
    ),
    "logs": (
        "What the engine and every process write down. It follows the end until you move up. This is "
        "text of the processes themselves; facts are in the events."
    ),
}
"""Name of a pane or page to its description."""
