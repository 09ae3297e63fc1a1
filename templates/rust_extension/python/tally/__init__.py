"""Tally: counts of words that lie in Rust, and move between the workers of bocpy without being copied."""

from ._tally import Tally

__all__ = ["Tally"]
