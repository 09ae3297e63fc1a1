"""Names of tests that are made of their arguments."""

import re

__all__ = ["shown"]


def shown(value):
    """The `repr` of an argument, as it is in every process: pytest-xdist wants the same names in all of them."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
