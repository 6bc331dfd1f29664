"""dltui: run and watch blockchain-coordinated federated learning on one machine."""

from __future__ import annotations

__version__ = "0.3.0"
