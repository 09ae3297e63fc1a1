"""Samples: numbers that lie outside Python, and move between the workers of bocpy without being copied."""

from ._samples import Samples

__all__ = ["Samples"]
