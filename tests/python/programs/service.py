"""A service with retries, back-off policies and a decorator with arguments."""

import sys
from bocpy import Cown, when, quiesce, wait
import functools, itertools, random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Callable


class ServiceError(Exception):
    retryable = False

    def __init__(self, code, message="", *, retry_after=None):
        super().__init__(code, message)
        self.code, self.retry_after = code, retry_after

    def __str__(self):
        return f"[{self.code}] {self.args[1]}"


class Unavailable(ServiceError):
    retryable = True


class NotFound(ServiceError, LookupError):
    pass


@dataclass(frozen=True)
class Policy:
    attempts: int = 3
    backoff: Callable[[int], float] = lambda n: 2.0**n

    def delays(self):
        return [self.backoff(n) for n in range(self.attempts)]


def retrying(policy=Policy()):
    def decorate(fn):
        calls = Counter()

        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            last = None
            for attempt, delay in enumerate(policy.delays(), 1):
                calls[fn.__name__] += 1
                try:
                    return attempt, delay, fn(*args, **kwargs)
                except ServiceError as error:
                    last = error
                    if not error.retryable:
                        error.add_note(f"in attempt {attempt}") if hasattr(error, "add_note") else None
                        raise
            raise RuntimeError(f"gave up after {policy.attempts}") from last

        wrapper.calls = calls
        return wrapper

    return decorate


@dataclass
class Backend:
    data: dict
    fails: deque = field(default_factory=deque)
    log: list = field(default_factory=list)

    def get(self, key):
        self.log.append(key)
        if self.fails and self.fails.popleft():
            raise Unavailable(503, "try again", retry_after=len(self.fails))
        try:
            return self.data[key]
        except KeyError as error:
            raise NotFound(404, f"no {key!r}") from error


@retrying(Policy(attempts=4, backoff=lambda n: n / 2))
def fetch(backend, key):
    """Fetches a key."""
    return backend.get(key)


backend = Cown(Backend({"a": 1, "b": [2]}, deque([True, True, False, False, True, True, True, True])))
results = []
for key in ["a", "b", "zz", "a", "b"]:

    @when(backend)
    def result(backend):
        return fetch(backend.value, key)

    results.append(result)
quiesce()
for r in results:
    try:
        print(r.unwrap())
    except Exception as e:
        print(
            type(e).__name__,
            type(e).__mro__[1].__name__,
            e,
            e.args,
            repr(e.__cause__),
            isinstance(e, ServiceError),
            getattr(e, "__notes__", None),
            getattr(e, "code", None),
            getattr(e.__cause__, "retry_after", None),
        )
with backend:
    print(backend.value)
print(fetch.__doc__, fetch.__name__, fetch.__wrapped__.__name__)
wait()
