"""`python -m dltui.client < spec.json`: the same participant in an interpreter of its own."""

from __future__ import annotations

import sys

import msgspec

from dltui.client.process import run
from dltui.client.spec import ClientSpec

if __name__ == "__main__":
    sys.exit(run(msgspec.json.decode(sys.stdin.buffer.read(1 << 16), type=ClientSpec), None))
