"""A backend of joblib, whose calls are behaviors."""

from typing import Any

__all__ = ["BocpyBackend", "register"]

# joblib has no types: its classes are not named here.
class BocpyBackend:
    """Runs the calls of joblib as behaviors."""

    def __init__(
        self, nesting_level: int | None = None, inner_max_num_threads: int | None = None, **options: Any
    ) -> None: ...

def register() -> None:
    """Let joblib know the backend `"bocpy"`."""
