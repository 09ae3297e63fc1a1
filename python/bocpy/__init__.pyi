"""Behavior-oriented concurrency: data lives in cowns, and behaviors run once they alone hold the cowns they name."""

from collections.abc import Callable, Iterable, Sequence
from types import GenericAlias, TracebackType
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, overload

from typing_extensions import Self

__all__ = [
    "WORKER_COUNT",
    "Cown",
    "WaitResult",
    "__version__",
    "quiesce",
    "read",
    "start",
    "wait",
    "when",
    "whencall",
]

_T = TypeVar("_T")
_R = TypeVar("_R")

__version__: str
"""The version of the package."""

WORKER_COUNT: int
"""The default number of workers: `BOCPY_WORKERS`, or one per core of this process, less one with three or more."""

class WaitResult(NamedTuple):
    """What `wait` and `quiesce` return if both `stats` and `noticeboard` are true."""

    stats: list[dict[str, int]]
    """A dict of counters for each worker; empty if no worker was running."""

    noticeboard: dict[str, Any]
    """The contents of the noticeboard: always empty in this version."""

class Cown(Generic[_T]):
    """A concurrent owner: a box with one value, and a queue of the behaviors that want it.

    Only its holder may use the value. The holder is the behavior that runs over the cown (see `when`), or the caller of
    `acquire`. After `wait` the main program may use all existing cowns, until the workers start again.

    A `Cown` object is a handle. Several handles may refer to the same cown; they compare equal. Values and captures can
    contain handles, and handles can be used as keys.
    """

    def __init__(self, value: _T) -> None:
        """Make a cown that owns `value` from now on.

        Raises TypeError if the value cannot be moved to the interpreters in which behaviors run. If behaviors run on
        threads, any value is allowed.
        """

    @property
    def value(self) -> _T:
        """The value. The holder of the cown can assign it, and change it in place.

        If `exception` is true, it is the exception, regardless of the type. Raises RuntimeError for everyone but the
        holder. Assigning raises TypeError if the value cannot be moved.
        """

    @value.setter
    def value(self, value: _T, /) -> None: ...
    @property
    def exception(self) -> bool:
        """Whether the value is an uncaught exception of a behavior. Assigning the value makes this false.

        Raises RuntimeError for everyone but the holder.
        """

    @exception.setter
    def exception(self, value: bool, /) -> None: ...
    @property
    def acquired(self) -> bool:
        """Whether the caller may use the value now."""

    def acquire(self) -> None:
        """Take the cown at once, for code that is not a behavior over it. Does nothing if the caller holds it already.

        Behaviors over this cown then wait for `release`. This call itself never waits: it raises RuntimeError if a
        behavior or another thread holds the cown, or if behaviors wait for it.
        """

    def release(self) -> None:
        """Release the cown after `acquire`. If nobody holds the cown, nothing happens.

        Raises RuntimeError if somebody else holds it, or if the running behavior holds it, which releases it when it
        ends. Raises TypeError if the value cannot be moved to a worker.
        """

    def unwrap(self) -> _T:
        """Take the value out of the cown, and leave None in it.

        If the value is an uncaught exception of a behavior, raises it, with the traceback from the worker as its cause.
        Raises RuntimeError while behaviors are in flight (call `wait` or `quiesce` first), or if somebody else holds
        the cown.
        """

    def __enter__(self) -> Self:
        """Acquire the cown: `with cown: cown.value += 1`. Raises what `acquire` raises."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Release the cown. Raises what `release` raises."""

    # Cowns have one order in the whole process, independent of their values.
    def __lt__(self, other: Cown[Any], /) -> bool: ...
    def __le__(self, other: Cown[Any], /) -> bool: ...
    def __gt__(self, other: Cown[Any], /) -> bool: ...
    def __ge__(self, other: Cown[Any], /) -> bool: ...
    def __eq__(self, other: object, /) -> bool:
        """Whether both are handles of one cown; their values do not matter."""

    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the handle, not the value.

        Unpickling gives a handle of the same cown. It raises RuntimeError in another process, or if the cown no longer
        exists: a pickle does not keep it alive.
        """

    @classmethod
    def __class_getitem__(cls, item: Any, /) -> GenericAlias:
        """`Cown[int]`, for annotations."""

class _Read(Generic[_T]):
    """What `read` returns, for `when`."""

_Claim: TypeAlias = Cown[Any] | _Read[Any]

@overload
def read(cown: Cown[_T] | _Read[_T], /) -> _Read[_T]:
    """Request a cown only to read it: `@when(read(config), account)`.

    Behaviors that read a cown run at the same time; they keep the order of scheduling relative to those that write it.
    The parameter is the `Cown` itself. Its value can be read; assigning it raises RuntimeError. If each worker has its
    own interpreter, nobody else sees what a reader changes inside the value. If workers are threads, all readers use
    the same object and must not change it.

    A list or tuple of cowns gives a list. Raises TypeError for anything else.
    """

@overload
def read(cowns: list[Cown[_T]] | tuple[Cown[_T], ...], /) -> list[_Read[_T]]: ...
def when(*cowns: _Claim | Sequence[_Claim]) -> Callable[[Callable[..., _R]], Cown[_R]]:
    """Decorate a function to run once, on a worker, as soon as it alone holds all `cowns`.

    Each argument is a cown, `read(cown)`, or a list or tuple of these that are held together. The function has one
    parameter for each argument, in the same order, and gets a `Cown` or a `list` of them. Further parameters are
    captures: their defaults are taken now, and those without a default take the variable of the same name. Variables of
    enclosing functions keep the values that they have now.

    The name of the function then refers to a cown that will hold its return value, or its uncaught exception.

    Behaviors over a common cown run one after the other, in the order in which they were scheduled; others run in
    parallel. Nothing can deadlock.

    Raises TypeError if an argument is not a cown, if the parameters do not fit, if the function is `async` or has a
    `yield`, or if something that it captures cannot be moved to a worker; then nothing is scheduled. The first behavior
    starts the workers, and raises what `start` raises.
    """

def whencall(
    func: Callable[..., _R], args: Iterable[_Claim | Sequence[_Claim]], captures: Iterable[Any] = ()
) -> Cown[_R]:
    """Schedule `func(*args, *captures)` as a behavior over the cowns, or groups of cowns, `args`.

    Returns the cown of its result. The same as `when(*args)(func)`, with captures passed as arguments. Raises what
    `when` raises, and TypeError if `func` is a string or gets more captures than it has parameters.
    """

def start(
    worker_count: int | None = None,
    module: object = None,
    *,
    backend: Literal["interpreters", "threads"] | None = None,
) -> None:
    """Start the workers, with your own settings. Does nothing if they are running; the first behavior starts them too.

    - `worker_count`: from 1 to 4096; by default `WORKER_COUNT`.
    - `module`: for programs written for the original package. It is ignored.
    - `backend`: `"interpreters"` gives each worker its own interpreter and GIL, and needs CPython 3.12 or newer with a
      GIL; `"threads"` runs behaviors in the main interpreter. By default `BOCPY_BACKEND`, or the best choice for this
      Python.

    Raises ValueError or TypeError for invalid settings, and RuntimeError if a worker cannot be started, or inside a
    behavior.
    """

@overload
def wait(timeout: float | None = None, *, stats: Literal[False] = False, noticeboard: Literal[False] = False) -> None:
    """Wait until all behaviors have run, and stop the workers. The next behavior starts them again.

    Also waits for behaviors that are scheduled in the meantime. Afterwards the main program may use all cowns, until
    the next start.

    - `timeout`: seconds; None waits forever, a negative number does not wait.
    - `stats`: return a dict of counters for each worker that was running.
    - `noticeboard`: return the noticeboard, always empty in this version. With both, returns a `WaitResult`.

    Raises TimeoutError on timeout, after which everything goes on as before; KeyboardInterrupt on Ctrl-C; ValueError if
    the timeout is NaN; RuntimeError inside a behavior.
    """

@overload
def wait(
    timeout: float | None = None, *, stats: Literal[True], noticeboard: Literal[False] = False
) -> list[dict[str, int]]: ...
@overload
def wait(
    timeout: float | None = None, *, stats: Literal[False] = False, noticeboard: Literal[True]
) -> dict[str, Any]: ...
@overload
def wait(timeout: float | None = None, *, stats: Literal[True], noticeboard: Literal[True]) -> WaitResult: ...
@overload
def wait(
    timeout: float | None = None, *, stats: bool = False, noticeboard: bool = False
) -> list[dict[str, int]] | dict[str, Any] | WaitResult | None: ...
@overload
def quiesce(
    timeout: float | None = None, *, stats: Literal[False] = False, noticeboard: Literal[False] = False
) -> None:
    """Wait until all behaviors have run, and leave the workers running.

    Takes, returns and raises the same as `wait`. Afterwards, acquire a cown to use its value, or `unwrap` it.
    """

@overload
def quiesce(
    timeout: float | None = None, *, stats: Literal[True], noticeboard: Literal[False] = False
) -> list[dict[str, int]]: ...
@overload
def quiesce(
    timeout: float | None = None, *, stats: Literal[False] = False, noticeboard: Literal[True]
) -> dict[str, Any]: ...
@overload
def quiesce(timeout: float | None = None, *, stats: Literal[True], noticeboard: Literal[True]) -> WaitResult: ...
@overload
def quiesce(
    timeout: float | None = None, *, stats: bool = False, noticeboard: bool = False
) -> list[dict[str, int]] | dict[str, Any] | WaitResult | None: ...
