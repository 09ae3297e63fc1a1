"""Reading the results of behaviors."""

import traceback

import bocpy

PATIENCE = 100


def outcome(cown):
    """Waits until no behavior is in flight, and takes the value out of ``cown`` (raising what its behavior raised)."""
    bocpy.quiesce(PATIENCE)
    return cown.unwrap()


def error_of(cown):
    """Waits until no behavior is in flight, and returns the exception that ``cown`` must hold."""
    bocpy.quiesce(PATIENCE)
    with cown:
        assert cown.exception, f"no exception, but {cown.value!r}"
        error = cown.value
    assert isinstance(error, BaseException)
    return error


def text_of(error):
    """All that an exception says: type, message, notes and causes."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def refusal(attempt):
    """The text of the error that it raises."""
    try:
        attempt()
    except (RuntimeError, TypeError) as error:
        return str(error)
    return "no error"
