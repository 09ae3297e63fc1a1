"""What matrices can do, by name: for tests that try all of it."""

BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "equal",
    "not_equal",
]
