"""Bodies of behaviors that several tests use."""


def value_of(c):
    return c.value


def copy_of(c):
    return c.value.copy()


def append(n):
    """A body that appends to its cown's list."""

    def body(c):
        c.value.append(n)

    return body
