"""Behavior-oriented concurrency: data lives in cowns, and behaviors run once they alone hold the cowns they name."""

from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import Executor as _StandardExecutor
from types import GenericAlias, TracebackType
from typing import (
    Any,
    ClassVar,
    Concatenate,
    Generic,
    Literal,
    NamedTuple,
    NoReturn,
    ParamSpec,
    Protocol,
    SupportsFloat,
    SupportsIndex,
    TypeAlias,
    TypeVar,
    final,
    overload,
    type_check_only,
)

from typing_extensions import Buffer, Never, Self, dataclass_transform, deprecated, disjoint_base

from bocpy._notices import _Removed

__all__ = [
    "REMOVED",
    "TIMEOUT",
    "WORKER_COUNT",
    "CancelledError",
    "Cown",
    "Executor",
    "Matrix",
    "MatrixView",
    "PinnedCown",
    "PumpResult",
    "Read",
    "ReadCown",
    "Record",
    "RecordArray",
    "Scope",
    "WaitResult",
    "__version__",
    "drain",
    "dump",
    "gather",
    "get_include",
    "get_sources",
    "notice_delete",
    "notice_read",
    "notice_seed",
    "notice_sync",
    "notice_update",
    "notice_write",
    "noticeboard",
    "pump",
    "quiesce",
    "read",
    "receive",
    "record",
    "scope",
    "send",
    "set_pump_notify",
    "set_pump_watchdog",
    "set_tags",
    "set_wait_pump_poll",
    "start",
    "wait",
    "when",
    "whencall",
]

_T = TypeVar("_T")
_R = TypeVar("_R")
_Record = TypeVar("_Record")
_Ps = ParamSpec("_Ps")

_Priority: TypeAlias = Literal["high", "normal", "low"]

# What a body gets for an argument of `when`. The bound keeps checkers from joining unlike types to `object`.
_P1 = TypeVar("_P1", bound=ReadCown[Any] | list[Any])
_P2 = TypeVar("_P2", bound=ReadCown[Any] | list[Any])
_P3 = TypeVar("_P3", bound=ReadCown[Any] | list[Any])
_P4 = TypeVar("_P4", bound=ReadCown[Any] | list[Any])
_P5 = TypeVar("_P5", bound=ReadCown[Any] | list[Any])

__version__: str
"""The version of the package."""

WORKER_COUNT: int
"""The default number of workers: `BOCPY_WORKERS`, or one per core of this process, less one with three or more."""

class WaitResult(NamedTuple):
    """What `wait` and `quiesce` return if both `stats` and `noticeboard` are true."""

    stats: list[dict[str, int]]
    """A dict of counters for each worker; empty if no worker was running."""

    noticeboard: dict[str, Any]
    """The entries of the noticeboard."""

class _Single(Generic[_P1]):
    """What may be an argument of `when`: the body gets a `_P1` for it. Only for checkers."""

class _Member(Generic[_P1]):
    """What may be in a group: the body gets a `_P1` for the whole group. Only for checkers."""

# Any argument of `when`. Only one side fits, so `_P1` tells what the body gets, be it a cown or a group.
_Argument: TypeAlias = _Single[_P1] | Sequence[_Member[_P1]]

@disjoint_base
class ReadCown(_Single[Cown[_T]], _Member[list[Cown[_T]]]):
    """What a body gets for `read(cown)`: a cown whose value it can only read.

    For annotations. At run time it is another name of `Cown`: a reader gets the `Cown` itself. So functions that take a
    `ReadCown` take every cown, and a reader can schedule behaviors that write it.
    """

    def __init__(self, value: _T) -> None: ...
    @property
    def value(self) -> _T: ...
    @property
    def exception(self) -> bool: ...
    @property
    def acquired(self) -> bool: ...
    # Cowns have one order in the whole process, independent of their values.
    def __lt__(self, other: ReadCown[Any], /) -> bool: ...
    def __le__(self, other: ReadCown[Any], /) -> bool: ...
    def __gt__(self, other: ReadCown[Any], /) -> bool: ...
    def __ge__(self, other: ReadCown[Any], /) -> bool: ...
    def __eq__(self, other: object, /) -> bool:
        """Whether both are handles of one cown; their values do not matter."""

    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    @classmethod
    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...

@disjoint_base
class Cown(ReadCown[_T]):
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

        An exception that nobody has asked for in this way, or taken by `unwrap`, is reported when `wait` returns.

        Raises RuntimeError for everyone but the holder.
        """

    @exception.setter
    def exception(self, value: bool, /) -> None: ...
    @property
    def acquired(self) -> bool:
        """Whether the caller may use the value now."""

    def acquire(self) -> None:
        """Take the cown at once, for code that is not a behavior over it. Does nothing if the caller holds it already.

        Behaviors over this cown then wait for `release`. A behavior that ends, a thread that ends, and the end of the
        program release what they have acquired. This call itself never waits: it raises RuntimeError if a behavior or
        another thread holds the cown, or if behaviors wait for it.
        """

    def release(self) -> None:
        """Release the cown after `acquire`. If nobody holds the cown, nothing happens.

        Raises RuntimeError if somebody else holds it, or if the running behavior holds it, which releases it when it
        ends. Raises TypeError if the value cannot be moved to a worker.
        """

    def unwrap(self) -> _T:
        """Take the value out of the cown, and leave None in it. Does not wait: see `get`.

        If the value is an uncaught exception of a behavior, raises it, with its traceback.
        Raises RuntimeError if somebody else holds the cown or a behavior waits for it, as the behavior does whose
        result this is, until it has run.
        """

    def get(self, timeout: float | None = None) -> _T:
        """Wait for the value, behind all that has been scheduled over this cown, and return it. For the main program.

        If this is the result of a behavior, that is what it returns. The value stays in the cown; the caller gets it
        as a reader does: a copy if each worker has its own interpreter, and the object itself, which must not be
        changed, if workers are threads. To take the value out, use `unwrap`.

        - `timeout`: seconds; None waits forever, zero and negative numbers do not wait.

        If the value is an uncaught exception of a behavior, raises it, with its traceback. Raises TimeoutError on
        timeout; KeyboardInterrupt on Ctrl-C; ValueError if the timeout is NaN; TypeError if the value cannot be copied;
        RuntimeError inside a behavior, if the caller has acquired what the value waits for, or if the behavior can
        never run.
        """

    def peek(self, timeout: float | None = None) -> _T:
        """Return a copy of the value as the behavior leaves it that holds the cown now or next, such as its progress.

        Does not wait for what else has been scheduled over this cown. If nothing has, the value is that of now. Always
        returns a copy, or raises TypeError. Takes and raises the same as `get`.
        """

    def done(self) -> bool:
        """Whether `get` would return or raise at once: nobody holds the cown, and no behavior waits for it.

        The result of a behavior is done when that has run.
        """

    def cancel(self) -> bool:
        """Keep the behavior whose result this is from running, if it has not begun.

        Returns whether it does not run: then the value is a `CancelledError` from now on for `get` and `await`, and
        for behaviors over this cown. The cowns that it was over stay as they are. Returns False if it has begun or
        ended, or if this is not the result of a behavior. The exception is not reported. For many at once, use a
        `scope`.
        """

    def __await__(self) -> Generator[Any, Any, _T]:
        """Wait as `get` does, but let the event loop go on: in asyncio, trio and anyio.

        Any number of tasks can wait at the same time. To stop waiting changes nothing in the cown. Raises what `get`
        raises.
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

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the handle, not the value.

        Unpickling gives a handle of the same cown. It raises RuntimeError in another process, or if the cown no longer
        exists: a pickle does not keep it alive.
        """

    @classmethod
    def __class_getitem__(cls, item: Any, /) -> GenericAlias:
        """`Cown[int]`, for annotations."""

class PinnedCown(Cown[_T]):
    """A cown whose value stays with the main thread: a window, an open file, an event loop, a pointer of ctypes.

    The value is the object itself. It is never copied, pickled or moved, so it can be anything. The handle travels as
    that of any cown: into behaviors, other cowns, messages and the noticeboard.

    A behavior with a pinned cown among its cowns runs on the main thread of the program, when that calls `pump`, or
    while it waits in `wait`, `quiesce`, `get` or at the end of a scope. Its other cowns are brought there. Order and
    atomicity are those of all behaviors. What it captures is not copied when it is scheduled by the main interpreter,
    as it stays there.

    Outside of behaviors, the main thread may use `.value` at any time: nobody else does. All other threads get a
    `RuntimeError`.

    Raises:
        RuntimeError: made on a worker, or in another interpreter than the main one.
    """

    def __init__(self, value: _T) -> None: ...

@overload
def read(cown: ReadCown[_T] | Read[_T], /) -> Read[_T]:
    """Request a cown only to read it: `@when(read(config), account)`.

    Behaviors that read a cown run at the same time; they keep the order of scheduling relative to those that write it.
    The parameter is the `Cown` itself. Its value can be read; assigning it raises RuntimeError. If each worker has its
    own interpreter, nobody else sees what a reader changes inside the value. If workers are threads, all readers use
    the same object and must not change it.

    A list or tuple of cowns gives a list. Raises TypeError for anything else.
    """

@overload
def read(cowns: Sequence[ReadCown[_T] | Read[_T]], /) -> list[Read[_T]]: ...
@overload
def read(cowns: Sequence[ReadCown[Any] | Read[Any]], /) -> list[Read[Any]]: ...

@final
class Read(_Single[ReadCown[_T]], _Member[list[ReadCown[_T]]]):
    """A cown that a behavior only reads. Made by `read`."""

    # Only `read` makes them: there is no value to call this with.
    def __init__(self, cown: NoReturn, /) -> None: ...
    @classmethod
    def __class_getitem__(cls, item: Any, /) -> GenericAlias:
        """`Read[int]`, for annotations."""

@final
class _Result:
    """A class without instances. So only bodies that never return, or return `Any`, are said to return one."""

class _When(Generic[_Ps]):
    """What `when` returns: a decorator of functions that can be called with `_Ps`."""

    # Bodies about whose result nothing is known. They would fit the next one, too.
    @overload
    def __call__(self, body: Callable[_Ps, _Result], /) -> Cown[Any]: ...
    # pyright does not tell of a decorator that it is deprecated, but of one that has no return type.
    @overload
    @deprecated("a behavior cannot be an `async def` or have a `yield`: `when` raises TypeError")
    def __call__(
        self,
        body: Callable[_Ps, Coroutine[Any, Any, Any] | AsyncIterator[Any] | Generator[Any, Any, Any]],
        /,
    ): ...
    # With a union, mypy does not ask that a lambda has exactly these parameters.
    @overload
    def __call__(self, body: Callable[_Ps, _R] | Callable[_Ps, NoReturn], /) -> Cown[_R]: ...

# The body may have further parameters: captures.
@overload
def when(
    a: _Argument[_P1], /, *, name: str | None = None, priority: _Priority | None = None
) -> _When[Concatenate[_P1, ...]]:
    """Decorate a function to run once, on a worker, as soon as it alone holds all `cowns`.

    Each argument is a cown, `read(cown)`, or a list or tuple of these that are held together. The function has one
    parameter for each argument, in the same order, and gets a `Cown` or a `list` of them. Further parameters are
    captures: their defaults are taken now, and those without a default take the variable of the same name. Variables of
    enclosing functions keep the values that they have now.

    The name of the function then refers to a cown that will hold its return value, or its uncaught exception.

    - `name`: what reports and `dump` call the behavior; by default the name of the function.
    - `priority`: `"high"` for behaviors that run before all others that are ready, `"low"` for those that run when
      nothing else is ready. The others still get a turn now and then. The order over a common cown is not changed.

    Behaviors over a common cown run one after the other, in the order in which they were scheduled; others run in
    parallel. Nothing can deadlock.

    Raises TypeError if an argument is not a cown, if the parameters do not fit, if the function is `async` or has a
    `yield`, or if something that it captures cannot be moved to a worker; then nothing is scheduled. Raises ValueError
    for another priority. The first behavior starts the workers, and raises what `start` raises.
    """

@overload
def when(
    a: _Argument[_P1], b: _Argument[_P2], /, *, name: str | None = None, priority: _Priority | None = None
) -> _When[Concatenate[_P1, _P2, ...]]: ...
@overload
def when(
    a: _Argument[_P1],
    b: _Argument[_P2],
    c: _Argument[_P3],
    /,
    *,
    name: str | None = None,
    priority: _Priority | None = None,
) -> _When[Concatenate[_P1, _P2, _P3, ...]]: ...
@overload
def when(
    a: _Argument[_P1],
    b: _Argument[_P2],
    c: _Argument[_P3],
    d: _Argument[_P4],
    /,
    *,
    name: str | None = None,
    priority: _Priority | None = None,
) -> _When[Concatenate[_P1, _P2, _P3, _P4, ...]]: ...
@overload
def when(
    a: _Argument[_P1],
    b: _Argument[_P2],
    c: _Argument[_P3],
    d: _Argument[_P4],
    e: _Argument[_P5],
    /,
    *,
    name: str | None = None,
    priority: _Priority | None = None,
) -> _When[Concatenate[_P1, _P2, _P3, _P4, _P5, ...]]: ...

# No argument, more than five, and groups of cowns of several types: parameters are not checked.
@overload
def when(*cowns: _Argument[Any], name: str | None = None, priority: _Priority | None = None) -> _When[...]: ...
@overload
def whencall(
    func: Callable[..., _Result],
    args: Iterable[_Argument[Any]],
    captures: Iterable[Any] = (),
    *,
    name: str | None = None,
    priority: _Priority | None = None,
) -> Cown[Any]:
    """Schedule `func(*args, *captures)` as a behavior over the cowns, or groups of cowns, `args`.

    Returns the cown of its result. The same as `when(*args)(func)`, with captures passed as arguments. Raises what
    `when` raises, and TypeError if `func` is a string or gets more captures than it has parameters.
    """

@overload
@deprecated("a behavior cannot be an `async def` or have a `yield`: `whencall` raises TypeError")
def whencall(
    func: Callable[..., Coroutine[Any, Any, Any] | AsyncIterator[Any] | Generator[Any, Any, Any]],
    args: Iterable[_Argument[Any]],
    captures: Iterable[Any] = (),
    *,
    name: str | None = None,
    priority: _Priority | None = None,
) -> Cown[NoReturn]: ...
@overload
def whencall(
    func: Callable[..., _R] | Callable[..., NoReturn],
    args: Iterable[_Argument[Any]],
    captures: Iterable[Any] = (),
    *,
    name: str | None = None,
    priority: _Priority | None = None,
) -> Cown[_R]: ...
def start(
    worker_count: int | None = None,
    module: object = None,
    *,
    backend: Literal["interpreters", "threads"] | None = None,
    limit: int | None = None,
) -> None:
    """Start the workers, with your own settings. Does nothing if they are running; the first behavior starts them too.

    - `worker_count`: from 1 to 4096; by default `WORKER_COUNT`.
    - `module`: for programs written for the original package. It is ignored.
    - `backend`: `"interpreters"` gives each worker its own interpreter and GIL, and needs CPython 3.12 or newer with a
      GIL; `"threads"` runs behaviors in the main interpreter. By default `BOCPY_BACKEND`, or the best choice for this
      Python.
    - `limit`: while that many behaviors are in flight, `@when` outside behaviors waits until one has ended; inside
      behaviors it never waits. See `scope`, which can have a limit of its own.

    Raises ValueError or TypeError for invalid settings, and RuntimeError if a worker cannot be started, or inside a
    behavior.
    """

@overload
def wait(
    timeout: float | None = None,
    *,
    stats: Literal[False] = False,
    noticeboard: Literal[False] = False,
    cancel: bool = False,
) -> None:
    """Wait until all behaviors have run, and stop the workers. The next behavior starts them again.

    Also waits for behaviors that are scheduled in the meantime. Afterwards the main program may use all cowns, until
    the next start. Exceptions of behaviors that nobody has looked at are reported to `threading.excepthook`.

    - `timeout`: seconds; None waits forever, a negative number does not wait.
    - `stats`: return a dict of counters for each worker that was running.
    - `noticeboard`: return the entries of the noticeboard as a dict. With both, returns a `WaitResult`.
    - `cancel`: behaviors that have not begun do not run, nor do those that are scheduled in the meantime; it waits for
      those that run. The results are `CancelledError`, and all cowns are as they were.

    Raises TimeoutError on timeout, after which everything goes on as before; KeyboardInterrupt on Ctrl-C; ValueError if
    the timeout is NaN; RuntimeError inside a behavior, or if a behavior waits for a cown that the caller has acquired.
    """

@overload
def wait(
    timeout: float | None = None, *, stats: Literal[True], noticeboard: Literal[False] = False, cancel: bool = False
) -> list[dict[str, int]]: ...
@overload
def wait(
    timeout: float | None = None, *, stats: Literal[False] = False, noticeboard: Literal[True], cancel: bool = False
) -> dict[str, Any]: ...
@overload
def wait(
    timeout: float | None = None, *, stats: Literal[True], noticeboard: Literal[True], cancel: bool = False
) -> WaitResult: ...
@overload
def wait(
    timeout: float | None = None, *, stats: bool = False, noticeboard: bool = False, cancel: bool = False
) -> list[dict[str, int]] | dict[str, Any] | WaitResult | None: ...
@overload
def quiesce(
    timeout: float | None = None,
    *,
    stats: Literal[False] = False,
    noticeboard: Literal[False] = False,
    cancel: bool = False,
) -> None:
    """Wait until all behaviors have run, and leave the workers running.

    Takes, returns and raises the same as `wait`. Afterwards, acquire a cown to use its value, or `unwrap` it.
    """

@overload
def quiesce(
    timeout: float | None = None, *, stats: Literal[True], noticeboard: Literal[False] = False, cancel: bool = False
) -> list[dict[str, int]]: ...
@overload
def quiesce(
    timeout: float | None = None, *, stats: Literal[False] = False, noticeboard: Literal[True], cancel: bool = False
) -> dict[str, Any]: ...
@overload
def quiesce(
    timeout: float | None = None, *, stats: Literal[True], noticeboard: Literal[True], cancel: bool = False
) -> WaitResult: ...
@overload
def quiesce(
    timeout: float | None = None, *, stats: bool = False, noticeboard: bool = False, cancel: bool = False
) -> list[dict[str, int]] | dict[str, Any] | WaitResult | None: ...

class PumpResult(NamedTuple):
    """What a call of `pump` has done."""

    executed: int
    """How many behaviors have run, whether or not they raised."""
    deadline_reached: bool
    """Whether something is left, for which there was no time."""
    raised: int
    """How many of the behaviors have raised an exception."""

def pump(deadline_ms: int | None = None, max_behaviors: int | None = None, raise_on_error: bool = False) -> PumpResult:
    """Run the behaviors that are ready and have a pinned cown, on this thread, which is the main one.

    For programs whose main thread does something else than wait, such as an event loop: call it from there. `wait`,
    `quiesce`, `get`, `peek`, the end of a scope and the end of the program do the same while they wait.

    Exceptions of the behaviors are kept in their results, as always. One that is no `Exception`, such as that of
    Ctrl-C, is raised at once, as well; what is ready stays so.

    Args:
        deadline_ms: no behavior begins after so many milliseconds. One that runs is not interrupted.
        max_behaviors: how many behaviors run at most.
        raise_on_error: raise the first exception of a behavior, when all that was ready has run.

    Returns:
        How many behaviors have run, whether some are left as the time was over, and how many have raised.

    Raises:
        RuntimeError: in a behavior, on another thread, or while no workers are up.
        TypeError: a bound is neither None nor a positive int.
    """

def set_pump_notify(function: Callable[[], object] | None, /) -> Callable[[], object] | None:
    """Set what is called when there is something to pump, to wake an event loop. None takes it away.

    It is called when a behavior with a pinned cown has become ready while the main thread does not wait in bocpy:
    once, until somebody pumps. If a bounded `pump` leaves something, it is called again; and at once if something is
    ready already. It is called by a thread of bocpy, so it should only wake the loop:
    `lambda: loop.call_soon_threadsafe(pump)`. What it raises goes to `sys.unraisablehook`.

    Returns:
        The function before, or None.

    Raises:
        RuntimeError: not in the main interpreter.
        TypeError: it is neither a function nor None.
    """

def set_pump_watchdog(
    warn_ms: int | None = 1000,
    on_starve: Callable[[int, str], object] | None = None,
    raise_ms: int | None = None,
) -> None:
    """Tell when pinned behaviors are ready, and nobody pumps. Off until this is called.

    Args:
        warn_ms: after so many milliseconds, a warning is logged by the logger `bocpy.pump`, once until somebody pumps.
            None is never.
        on_starve: called instead of the logger, with a severity (0, a warning) and a message, by a thread of bocpy.
        raise_ms: a `pump`, or a wait that pumps, which comes later than so many milliseconds, raises a `RuntimeError`,
            once. Nothing is lost: the next one runs what is ready.

    Raises:
        RuntimeError: not in the main interpreter.
        TypeError: a time is neither None nor a positive int, or `on_starve` cannot be called.
    """

def set_wait_pump_poll(ms: int = 50) -> None:
    """Set how often `wait` and `quiesce` look for pinned behaviors, in milliseconds.

    They are woken at once when one becomes ready, so there is rarely a reason to change this.

    Raises:
        TypeError: not a positive int.
    """

def scope(timeout: float | None = None, limit: int | None = None, name: str | None = None) -> Scope:
    """Return a scope: `with scope() as s:` waits at its end for the behaviors of the block, and for no others.

    Those are the behaviors that the block schedules, those that these schedule in turn, and so on; and what is
    scheduled by `s.when(...)`, from anywhere. A scope within another one belongs to that, too.

    Exceptions of behaviors at which nobody has looked are raised at the end, all together, as an `ExceptionGroup`. If
    the block itself raises, behaviors that have not begun are dropped as by `cancel`, the running ones are waited for,
    and the exception goes on: as itself, or in a group if behaviors have failed, too.

    - `timeout`: seconds from entering. If behaviors are in flight at the end of the block when it is over, those that
      have not begun are dropped, and TimeoutError is raised.
    - `limit`: while that many behaviors are in flight in the scope, `@when` outside behaviors waits until one has
      ended; inside behaviors it never waits. In a running event loop of asyncio, it raises RuntimeError instead.
    - `name`: for messages.

    Raises TypeError or ValueError for arguments that make no sense. Entering it raises RuntimeError inside a behavior,
    which cannot wait, and for a scope that has been entered before. Its end raises KeyboardInterrupt on Ctrl-C, and
    drops what has not begun; and RuntimeError if nothing can go on, as all wait for a cown that the caller has
    acquired.
    """

@final
class Scope:
    """Behaviors that are waited for together. Made by `scope`."""

    # Only `scope` makes them.
    def __init__(self, scope: NoReturn, /) -> None: ...
    @overload
    def when(
        self, a: _Argument[_P1], /, *, name: str | None = None, priority: _Priority | None = None
    ) -> _When[Concatenate[_P1, ...]]:
        """Decorate a function to run once, as `bocpy.when` does, as a behavior of this scope.

        It can be called by any thread and any behavior, as long as the scope has not ended. Raises what `bocpy.when`
        raises, and RuntimeError before the scope is entered and after its end.
        """

    @overload
    def when(
        self, a: _Argument[_P1], b: _Argument[_P2], /, *, name: str | None = None, priority: _Priority | None = None
    ) -> _When[Concatenate[_P1, _P2, ...]]: ...
    @overload
    def when(
        self,
        a: _Argument[_P1],
        b: _Argument[_P2],
        c: _Argument[_P3],
        /,
        *,
        name: str | None = None,
        priority: _Priority | None = None,
    ) -> _When[Concatenate[_P1, _P2, _P3, ...]]: ...
    @overload
    def when(
        self,
        a: _Argument[_P1],
        b: _Argument[_P2],
        c: _Argument[_P3],
        d: _Argument[_P4],
        /,
        *,
        name: str | None = None,
        priority: _Priority | None = None,
    ) -> _When[Concatenate[_P1, _P2, _P3, _P4, ...]]: ...
    @overload
    def when(
        self,
        a: _Argument[_P1],
        b: _Argument[_P2],
        c: _Argument[_P3],
        d: _Argument[_P4],
        e: _Argument[_P5],
        /,
        *,
        name: str | None = None,
        priority: _Priority | None = None,
    ) -> _When[Concatenate[_P1, _P2, _P3, _P4, _P5, ...]]: ...
    @overload
    def when(
        self, *cowns: _Argument[Any], name: str | None = None, priority: _Priority | None = None
    ) -> _When[...]: ...
    @overload
    def whencall(
        self,
        func: Callable[..., _Result],
        args: Iterable[_Argument[Any]],
        captures: Iterable[Any] = (),
        *,
        name: str | None = None,
        priority: _Priority | None = None,
    ) -> Cown[Any]:
        """Schedule `func(*args, *captures)`, as `bocpy.whencall` does, as a behavior of this scope."""

    @overload
    @deprecated("a behavior cannot be an `async def` or have a `yield`: `whencall` raises TypeError")
    def whencall(
        self,
        func: Callable[..., Coroutine[Any, Any, Any] | AsyncIterator[Any] | Generator[Any, Any, Any]],
        args: Iterable[_Argument[Any]],
        captures: Iterable[Any] = (),
        *,
        name: str | None = None,
        priority: _Priority | None = None,
    ) -> Cown[NoReturn]: ...
    @overload
    def whencall(
        self,
        func: Callable[..., _R] | Callable[..., NoReturn],
        args: Iterable[_Argument[Any]],
        captures: Iterable[Any] = (),
        *,
        name: str | None = None,
        priority: _Priority | None = None,
    ) -> Cown[_R]: ...
    def cancel(self) -> None:
        """Drop the behaviors of this scope, and of scopes within it, that have not begun, now and later.

        Those that run go on. The results of the others are `CancelledError`, their cowns are as they were, and
        behaviors after them run. Cancelling twice does nothing more.
        """

    @property
    def cancelled(self) -> bool:
        """Whether this scope, or one around it, has been cancelled."""

    @property
    def pending(self) -> int:
        """How many behaviors of this scope are in flight: running, or scheduled and not begun."""

    @property
    def name(self) -> str | None:
        """The name that it was given."""

    @property
    def limit(self) -> int | None:
        """The limit that it was given."""

    def __enter__(self) -> Self:
        """Enter the scope: what this thread or task schedules belongs to it, until its end."""

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None, /
    ) -> Literal[False]:
        """Wait for the behaviors of the scope, and raise what has failed."""

    def __aenter__(self) -> Coroutine[Any, Any, Self]:
        """Enter the scope, in asyncio or trio: what this task schedules belongs to it, until its end."""

    def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None, /
    ) -> Coroutine[Any, Any, Literal[False]]:
        """Wait as `__exit__` does, while the event loop goes on. If the task is cancelled, drop what has not begun."""

class Executor(_StandardExecutor):
    """Run calls on the workers, as other executors of `concurrent.futures` do.

    Each call is a behavior over no cown. Functions and arguments go to the workers as captures do: closures, lambdas
    and functions of `__main__` can be called, and what a call changes is a copy, except on threads. `with Executor() as
    executor:` shuts it down at the end of the block.

    - `max_workers`: how many of its calls run at once; by default as many as there are workers.
    - `initializer`, `initargs`: each worker calls `initializer(*initargs)` before its first call for this executor. If
      that raises, the executor is broken: calls and `submit` raise `BrokenExecutor`.
    - `thread_name_prefix`: the name of its only thread, which hands over the results.

    Raises ValueError or TypeError for arguments that make no sense. Neither an executor nor a future can be used inside
    a behavior: RuntimeError says what can.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
        thread_name_prefix: str = "",
    ) -> None: ...
    def submit(self, fn: Callable[_Ps, _R], /, *args: _Ps.args, **kwargs: _Ps.kwargs) -> Future[_R]:
        """Schedule the call `fn(*args, **kwargs)`, and return the `Future` of its result.

        What the call raises, and what cannot be moved to a worker or back, is raised by `result()` of the future.
        `cancel()` is exact: if it returns True, the call does not run. Raises RuntimeError after `shutdown`.
        """

    def map(
        self,
        fn: Callable[..., _R],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Generator[_R]:
        """Call `fn` with the items of the iterables, and iterate over the results in order.

        The result is the same as if each call were a behavior, but one behavior does many short calls. An exception is
        raised at its place, and ends the iteration; calls that have not begun are dropped then, or when the iterator is
        closed.

        - `timeout`: seconds from now, until which each result must have come: else TimeoutError.
        - `chunksize`: above 1, that many calls are one behavior, and share what is common to their arguments.
        - `buffersize`: no more than that many items are taken in advance; by default all are, at once. With it,
          iterables may be endless.
        """

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls.

        - `wait`: return when all calls have ended. Otherwise they go on, and the program waits for them at its end.
        - `cancel_futures`: drop the calls that have not begun.

        An executor that is dropped runs the calls that it has, too.
        """

@overload
def gather(cowns: Iterable[ReadCown[_T] | Read[_T]], *, return_exceptions: Literal[False] = False) -> Cown[list[_T]]:
    """Return a cown of the list of the values that these cowns have, in the same order.

    It is the result of a behavior that reads all of them, and can be used within behaviors as well. If one has an
    uncaught exception, the first of them is raised again; with `return_exceptions`, they are among the values. Others
    that nobody looks at are reported, as always. Raises TypeError if one is not a cown, and names it.
    """

@overload
def gather(cowns: Iterable[ReadCown[_T] | Read[_T]], *, return_exceptions: bool) -> Cown[list[_T | BaseException]]: ...

class map(Generic[_R]):
    """Iterate over the values that `function` returns for the items of the iterables, in order.

    Each call is a behavior over no cown. No more than `limit` calls have been scheduled and not been asked for, by
    default 16 for each worker: so iterables may be endless. An exception is raised at its place, and the next value is
    that of the next item. Closing or dropping the iterator drops the calls that have not begun.

    For many short calls `Executor.map` is faster. Raises RuntimeError inside a behavior.
    """

    @overload
    def __init__(
        self, function: Callable[[_T], _R], iterable: Iterable[_T], /, *, limit: int | None = None
    ) -> None: ...
    @overload
    def __init__(
        self,
        function: Callable[..., _R],
        iterable: Iterable[Any],
        /,
        *iterables: Iterable[Any],
        limit: int | None = None,
    ) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> _R: ...
    def close(self) -> None:
        """Drop the calls that have not begun. There are no more values then."""

@disjoint_base
class Record:
    """The base of the classes that `record` makes.

    Records of one class are equal if all their values are; NaN equals nothing. They can be pickled.
    """

    # That of a record's class has its fields as parameters.
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def copy(self) -> Self:
        """Return another record with the same values."""

    def replace(self, **changes: Any) -> Self:
        """Return another record with the same values, but for those given by the names of their fields."""

    def astuple(self) -> tuple[Any, ...]:
        """Return the values of the fields, in their order."""

    def asdict(self) -> dict[str, Any]:
        """Return the values of the fields, by their names."""

    @classmethod
    def sizeof(cls) -> int:
        """Return how many bytes the fields of a record take, with what lies between them."""

    @classmethod
    def array(cls, content: int | Iterable[Self], /) -> RecordArray[Self]:
        """Return an array of records of this class.

        `content`: how many records, with the defaults of their fields, or zeros; or records, which are copied. Raises
        TypeError for anything else, ValueError for a negative number, and MemoryError if there is no room.
        """

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: Any, /) -> Self: ...
    def __replace__(self, **changes: Any) -> Self: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class RecordArray(Generic[_Record]):
    """Records of one class, one after the other in one block of memory that moves by reference, like a single record.

    It is made by the class of the records: `Quote.array(1000)`. Its length stays. `a[i]` is the record in the array,
    whose fields can be read and written there; it has the methods and properties of the class, and `copy()` makes a
    record of it. `a[i] = record` copies that in, slices are copies. `numpy.asarray(a)` and `memoryview(a)` see the
    same memory: while they are in use, the array cannot be moved (RuntimeError).
    """

    def __init__(self, *args: Never, **kwargs: Never) -> None: ...
    @property
    def record(self) -> type[_Record]:
        """The class of the records."""

    def copy(self) -> Self:
        """Return another array with the same values."""

    def column(self, name: str, /) -> _RecordColumn:
        """Return one field of all records, to be summed, searched, filled or lent to NumPy, where it is.

        Raises KeyError if there is no such field.
        """

    def tolist(self) -> list[_Record]:
        """Return a list of records with the same values."""

    @classmethod
    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> _Record: ...
    @overload
    def __getitem__(self, key: slice, /) -> Self: ...
    def __setitem__(self, key: SupportsIndex, value: _Record, /) -> None: ...
    def __delitem__(self, key: Never, /) -> None: ...
    def __iter__(self) -> Iterator[_Record]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: Any, /) -> Self: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
@type_check_only
class _RecordColumn:
    def sum(self) -> Any: ...
    def mean(self) -> Any: ...
    def min(self) -> Any: ...
    def max(self) -> Any: ...
    def fill(self, value: Any, /) -> None: ...
    def tolist(self) -> list[Any]: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Any: ...
    @overload
    def __getitem__(self, key: slice, /) -> list[Any]: ...
    def __setitem__(self, key: SupportsIndex, value: Any, /) -> None: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@overload
@dataclass_transform()
def record(cls: type[_T], /) -> type[_T]:
    """Make a class of records: its annotated fields are numbers and bytes that move between workers without a copy.

    Fields are annotated as `float`, `int` (64 bits), `bool`, `complex`, `Annotated[bytes, length]`, or with a code of
    `struct` that narrows them, such as `Annotated[int, "H"]`. They may have defaults. The class keeps its methods,
    properties and class attributes, and becomes a subclass of `Record`: `class Quote(Record):` tells type checkers.

    A record belongs to one handle at a time. What is given to a cown, a message or a behavior is moved there, and the
    variable raises RuntimeError from then on, saying where the record went: use `copy()` to have it in two places.

    - `order`: records can be compared by `<` and the like, as tuples of their values are.
    - `hash`: records can be keys and in sets; make them `frozen`, too.
    - `frozen`: fields cannot be assigned.

    Raises TypeError if the class cannot be one of records, and names the field.
    """

@overload
def record(
    cls: None = None, /, *, order: bool = False, hash: bool = False, frozen: bool = False
) -> Callable[[type[_T]], type[_T]]: ...

class _Writable(Protocol):
    def write(self, text: str, /) -> object: ...

def dump(file: _Writable | None = None) -> None:
    """Write what every worker runs, and what every waiting behavior waits for, to a file: by default `sys.stderr`.

    For each worker: the behavior, since when it runs, its cowns, and the Python stack. Then the cowns that threads have
    acquired, and the behaviors that wait, each with the cown that it waits for and who has that. For the text itself,
    pass an `io.StringIO`.

    It can be called at any time: in the main program, in a behavior, in the handler of a signal (`signal.signal(
    signal.SIGUSR1, lambda *_: bocpy.dump())`), with or without workers. It changes nothing and waits for a second at
    most: a worker that is in C code and keeps its GIL is told as that. Behaviors that wait only for some that are
    ready and have not begun are not seen. See docs/debugging.md.
    """

TIMEOUT: str
"""The tag that `receive` returns when no message came in time."""

def send(tag: str, contents: Any, /, *, timeout: float | None = None) -> None:
    """Send a message: one receiver of that tag will get it.

    The contents travel like the value of a cown: they are taken as they are now, and the receiver gets an object of
    its own. If behaviors run on threads, the receiver gets the object itself. Messages that one thread sends with one
    tag are received in the order of sending. A tag is a non-empty string of 63 UTF-8 bytes at most; there can be any
    number of tags.

    Returns at once, unless `set_tags` has given the tag a bound, and as many messages wait already: then it waits for
    room, for `timeout` seconds at most (`None` or a negative number: forever).

    Raises ValueError or TypeError for a bad tag, TypeError if the contents cannot be moved to another interpreter,
    and TimeoutError if there was no room in time.
    """

@overload
def receive(tags: str | Iterable[str], /, timeout: float | None = -1, after: None = None) -> tuple[str, Any]:
    """Receive the message that was sent first with that tag, or with one of several tags.

    Waits for one, for `timeout` seconds at most (`None` or a negative number: forever). Returns `(tag, contents)`. If
    no message came in time, returns what `after()` returns or, without `after`, `(TIMEOUT, None)`.

    A behavior that waits occupies its worker meanwhile. If there may be more waiting behaviors than workers, those
    that send what they wait for might not get to run: schedule a behavior when there is something to do instead.

    Raises RuntimeError if the message cannot be opened in this interpreter; it is not lost, and stays the next one.
    """

@overload
def receive(
    tags: str | Iterable[str], /, timeout: float | None = -1, *, after: Callable[[], _R]
) -> tuple[str, Any] | _R: ...
@overload
def receive(tags: str | Iterable[str], /, timeout: float | None, after: Callable[[], _R]) -> tuple[str, Any] | _R: ...
def drain(tags: str | Iterable[str], /) -> None:
    """Drop all messages that wait with that tag, or with these tags."""

def set_tags(tags: str | Iterable[str] | Mapping[str, int | None], /) -> None:
    """Drop all messages of all tags, and set bounds.

    In a dict, the value of a tag is its bound: how many of its messages may wait before `send` waits for room. Tags
    without a bound (`None`), and those that are not named, take any number. Receivers that wait go on waiting.
    """

REMOVED: _Removed
"""What the function of `notice_update` returns to take the entry off the noticeboard."""

def notice_write(key: str, value: Any) -> None:
    """Write an entry of the noticeboard, which every behavior and the program can read.

    The value is taken as it is now, like that of a cown. A key is a non-empty string of 63 UTF-8 bytes at most; there
    can be any number of entries. Cowns within the value live as long as the entry. The entries are dropped when
    `wait` stops the workers.

    Behaviors that start after the write see it, once it is applied. That is at once, unless a function of
    `notice_update` is running: then the write comes after that. Changes that one thread makes are applied in their
    order.

    Raises ValueError or TypeError for a bad key, and TypeError if the value cannot be moved to another interpreter.
    """

def notice_seed(key: str, value: Any) -> None:
    """Write an entry of the noticeboard before behaviors that need it are scheduled.

    Starts the workers if they are not running, and returns when the entry is written: every behavior that is
    scheduled later sees it. For the main program; raises RuntimeError in behaviors.
    """

def notice_update(key: str, fn: Callable[[Any], Any], default: Any = None) -> None:
    """Replace the value of an entry by `fn(value)`, or by `fn(default)` if there is no such entry.

    No other change of the noticeboard comes in between, so no update is lost. `fn` runs later, perhaps in another
    interpreter: it must be a function that can be moved there, such as a function of a module, a lambda, or
    `functools.partial(operator.add, 5)`. It must only compute the new value, quickly, since all other changes wait
    for it. If it returns `REMOVED`, the entry is taken off. If it raises, the entry stays as it was, and stderr has
    the traceback.
    """

def notice_delete(key: str) -> None:
    """Take an entry off the noticeboard, if it is there."""

def notice_sync(timeout: float | None = 30.0) -> None:
    """Wait until all changes that this thread has made to the noticeboard are applied.

    Raises TimeoutError after `timeout` seconds (`None`: waits forever).
    """

def noticeboard() -> Mapping[str, Any]:
    """Return the noticeboard, to be read only.

    In a behavior this is the board as it was when the behavior first looked at it, until its end. Elsewhere it is the
    board as it is now. A value is opened when it is asked for: a value that cannot be opened in this interpreter does
    no harm to the others.
    """

def notice_read(key: str, default: Any = None) -> Any:
    """Return the value of an entry of `noticeboard()`, or `default` if there is no such entry.

    A behavior gets an object of its own: what it changes in it reaches nobody else.
    """

_Number: TypeAlias = float | bool | SupportsFloat | SupportsIndex
_Row: TypeAlias = list[Any] | tuple[Any, ...]
_Values: TypeAlias = Matrix | MatrixView | _Number | _Row
_Size: TypeAlias = Sequence[int]
_Indices: TypeAlias = list[int] | tuple[int, ...]
_Key: TypeAlias = (
    SupportsIndex
    | slice
    | _Indices
    | tuple[SupportsIndex | slice, SupportsIndex | slice | list[int]]
    | tuple[list[int], slice]
)

@final
class Matrix:
    """A dense matrix of doubles, with at least one row and one column.

    It moves by reference: into a cown, a behavior, a message or the noticeboard goes the matrix itself, not a copy, and
    the object that was used before is stale; using it raises RuntimeError, which says where the matrix is now.
    Behaviors that `read` a cown share the matrix in it without a copy, and cannot change it.

    Operands broadcast: where one has a single row or column, that is used for all rows or columns of the other. A
    number is used for all elements, and a list or tuple of numbers is a row.
    """

    def __init__(
        self, rows: SupportsIndex, columns: SupportsIndex, values: Iterable[Any] | _Number | None = None
    ) -> None:
        """Make a matrix of zeros, of one number, or of these numbers row after row.

        Raises ValueError unless there are as many values as elements, and at least one row and one column.
        """

    __hash__: ClassVar[None]  # type: ignore[assignment]
    __array_priority__: ClassVar[float]
    @property
    def rows(self) -> int:
        """The number of rows."""

    @property
    def columns(self) -> int:
        """The number of columns."""

    @property
    def size(self) -> int:
        """The number of elements."""

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns."""

    @property
    def T(self) -> Matrix:
        """The transpose, as a new matrix."""

    @property
    def length(self) -> float:
        """The square root of the sum of all squares: the length of a vector, not the number of elements."""

    @property
    def acquired(self) -> bool:
        """Whether the matrix can be used here: it has not been moved away."""

    @property
    def x(self) -> float:
        """The first element in row-major order. Can be assigned. Raises IndexError where there is none."""

    @x.setter
    def x(self, value: _Number, /) -> None: ...
    @property
    def y(self) -> float:
        """The second element, as `x`."""

    @y.setter
    def y(self, value: _Number, /) -> None: ...
    @property
    def z(self) -> float:
        """The third element, as `x`."""

    @z.setter
    def z(self, value: _Number, /) -> None: ...
    @property
    def w(self) -> float:
        """The fourth element, as `x`."""

    @w.setter
    def w(self, value: _Number, /) -> None: ...
    @property
    def view(self) -> _ViewMaker:
        """Views by index: `m.view[i]` and `m.view[i, columns]` of a row, `m.view[rows, j]` of a column.

        They are the elements of the matrix itself, where `m[...]` is a copy.
        """

    @classmethod
    def zeros(cls, size: _Size) -> Matrix:
        """A matrix of zeros, of the size `(rows, columns)`."""

    @classmethod
    def ones(cls, size: _Size) -> Matrix:
        """A matrix of ones, of the size `(rows, columns)`."""

    @classmethod
    def full(cls, size: _Size, value: _Number) -> Matrix:
        """A matrix of one number, of the size `(rows, columns)`."""

    @classmethod
    def vector(cls, values: Iterable[Any], as_column: bool = False) -> Matrix:
        """A row, or a column, of these numbers."""

    @classmethod
    def from_rows(cls, rows: Iterable[Iterable[Any]]) -> Matrix:
        """A matrix of these rows. Raises ValueError unless they are equally long."""

    @classmethod
    def from_buffer(cls, buffer: Buffer) -> Matrix:
        """A copy of the numbers in an object that lends its memory, such as a NumPy array of one or two dimensions.

        One dimension becomes a row. Raises TypeError where the memory has no real numbers in it.
        """

    @classmethod
    def from_view(cls, view: MatrixView) -> Matrix:
        """A copy of the elements of a view, as its `copy`."""

    @classmethod
    def concat(cls, values: Iterable[Matrix | MatrixView | _Row], axis: SupportsIndex = 0) -> Matrix:
        """The matrices one below the other, or side by side where the axis is 1.

        A list of numbers is a row, or a column where the axis is 1. Raises ValueError where the shapes do not fit, and
        KeyError for another axis than 0 and 1 (-2 and -1).
        """

    @overload
    @classmethod
    def uniform(cls, minval: float | None = 0.0, maxval: float | None = 1.0, size: None = None) -> float:
        """Random numbers from `minval` up to, but not including, `maxval`: one, or a matrix of that size.

        They are the next ones of this interpreter's stream: see `seed`.
        """

    @overload
    @classmethod
    def uniform(cls, minval: float | None = 0.0, maxval: float | None = 1.0, *, size: _Size) -> Matrix: ...
    @overload
    @classmethod
    def uniform(cls, minval: float | None, maxval: float | None, size: _Size) -> Matrix: ...
    @overload
    @classmethod
    def normal(cls, mean: float | None = 0.0, stddev: float | None = 1.0, size: None = None) -> float:
        """Random numbers from a normal distribution: one, or a matrix of the size `(rows, columns)`. See `seed`."""

    @overload
    @classmethod
    def normal(cls, mean: float | None = 0.0, stddev: float | None = 1.0, *, size: _Size) -> Matrix: ...
    @overload
    @classmethod
    def normal(cls, mean: float | None, stddev: float | None, size: _Size) -> Matrix: ...
    @classmethod
    def seed(cls, value: int) -> None:
        """Start this interpreter's stream of random numbers anew, so that the same numbers follow, on every machine.

        Each worker has a stream of its own, which begins somewhere else in each run.
        """

    @classmethod
    def where(cls, mask: Matrix, a: _Values, b: _Values, *, out: Matrix | None = None) -> Matrix:
        """A matrix that has the elements of `a` where the mask is not zero (NaN is not), and those of `b` elsewhere.

        Both are numbers, or of the mask's shape. `out` can be any of the three.
        """

    @classmethod
    def allclose(
        cls, lhs: Matrix, rhs: Matrix, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
    ) -> bool:
        """Whether `|lhs - rhs| <= atol + rtol * |rhs|` for all elements. False where the shapes differ."""

    @classmethod
    def join_rows(cls, blocks: Iterable[Matrix]) -> Matrix:
        """Join blocks that `split_rows` has made, in any order, without copying them.

        The blocks are empty afterwards. Raises ValueError, and leaves the blocks as they are, unless they are
        neighbours in one matrix.
        """

    def split_rows(self, count: SupportsIndex) -> list[Matrix]:
        """The rows in that many blocks of nearly equal height, from above: matrices of their own, in the same memory.

        Each block can go to another behavior. This matrix itself is empty from now on: its rows belong to the blocks,
        until `join_rows` makes a matrix of them again.
        """

    def copy(self) -> Matrix:
        """A copy of the matrix."""

    def tolist(self) -> list[list[float]]:
        """The rows, as lists of floats."""

    def values(self) -> Iterator[float]:
        """The elements in row-major order, each made when it is asked for."""

    def transpose(self, in_place: bool = False) -> Matrix:
        """The transpose: a new matrix, or this one."""

    def transpose_in_place(self) -> None:
        """The older spelling of `transpose(in_place=True)`."""

    def add(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """The sum, as by `+`, bit for bit. Operands broadcast.

        It is written to `out` if that is given, which has to be of the result's shape, and may be one of the operands.
        Raises ValueError where the shapes do not fit.
        """

    def subtract(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """The difference, as by `-`. See `add`."""

    def multiply(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """The products of elements, as by `*`. See `add`."""

    def divide(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """The quotients, as by `/`: by zero they are infinite or NaN. See `add`."""

    def less(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """1.0 where an element is less than the other's, else 0.0. Nothing is less than NaN, nor is NaN. See `add`."""

    def less_equal(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """1.0 where an element is less than or equal to the other's, else 0.0. See `less`."""

    def greater(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """1.0 where an element is greater than the other's, else 0.0. See `less`."""

    def greater_equal(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """1.0 where an element is greater than or equal to the other's, else 0.0. See `less`."""

    def equal(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """1.0 where both elements are equal, else 0.0. NaN equals nothing. See `less`."""

    def not_equal(self, other: _Values, /, *, out: Matrix | None = None) -> Matrix:
        """1.0 where the elements differ, else 0.0. NaN differs from all. See `less`."""

    def fma(
        self, b: Matrix | MatrixView | _Number, c: Matrix | MatrixView | _Number, /, in_place: bool = False
    ) -> Matrix:
        """`self * b + c`, rounded once. `b` and `c` broadcast to this matrix's shape."""

    def scaled_add(self, s: Matrix | MatrixView | _Number, x: Matrix | MatrixView, /, in_place: bool = False) -> Matrix:
        """`self + s * x`, bit for bit. `s` broadcasts to this matrix's shape, `x` has to be of that shape."""

    def ceil(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """Each element rounded up.

        The result is a new matrix; or this one, if `in_place` is true; or `out`, which has to be of the same shape.
        Raises ValueError if both are given.
        """

    def floor(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """Each element rounded down. See `ceil`."""

    def round(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """Each element rounded to the nearest whole number, of two to the even one. See `ceil`."""

    def negate(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """Each element with the other sign. See `ceil`."""

    def abs(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """The absolute value of each element. See `ceil`."""

    def sqrt(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """The square root of each element; NaN of what is negative. See `ceil`."""

    def reciprocal(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """1 divided by each element; by zero it is infinite. See `ceil`."""

    def sign(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """1, 0 or -1 by the sign of each element; 0 of NaN. See `ceil`."""

    def sin(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """The sine of each element, in radians, at most one unit in the last place off. See `ceil`."""

    def cos(self, *, in_place: bool = False, out: Matrix | None = None) -> Matrix:
        """The cosine of each element, in radians, at most one unit in the last place off. See `ceil`."""

    def clip(
        self,
        min: _Number | None = None,
        max: _Number | None = None,
        *,
        in_place: bool = False,
        out: Matrix | None = None,
    ) -> Matrix:
        """Each element limited to `min` and `max`, either of which may be left out. NaN stays. See `ceil`.

        Raises ValueError if both are left out, `max` is less than `min`, or one is NaN.
        """

    def bin(
        self,
        bins: SupportsIndex,
        *,
        bounds: Sequence[float] | None = None,
        right: bool = False,
        in_place: bool = False,
        out: Matrix | None = None,
    ) -> Matrix:
        """The number of the bin that each element is in, of `bins` bins of equal width, from 0; -1 for NaN. See `ceil`.

        The bins span `bounds`, or else the least and the greatest element. What is beyond is in the first or last bin.
        An element on an edge is in the upper bin, or in the lower one if `right` is true.
        """

    def digitize(
        self,
        edges: Matrix | MatrixView | _Row,
        *,
        right: bool = False,
        in_place: bool = False,
        out: Matrix | None = None,
    ) -> Matrix:
        """How many of the edges, a vector in ascending order, are less than or equal to each element; -1 for NaN.

        If `right` is true, how many are less. Edges that descend count as in `numpy.digitize`. See `ceil`.
        """

    @overload
    def sum(self, axis: None = None, where: Matrix | None = None) -> float:
        """The sum of all elements; or of each column (`axis=0`, a row), or of each row (`axis=1`, a column).

        Only the elements count where the mask `where`, of this matrix's shape, is not zero (NaN is not). The sum of
        none is 0. Raises ValueError for another axis than 0 and 1 (-2 and -1).
        """

    @overload
    def sum(self, axis: SupportsIndex, where: Matrix | None = None) -> Matrix: ...
    @overload
    def mean(self, axis: None = None, where: Matrix | None = None) -> float:
        """The mean; of no elements it is NaN. See `sum`."""

    @overload
    def mean(self, axis: SupportsIndex, where: Matrix | None = None) -> Matrix: ...
    @overload
    def min(self, axis: None = None, where: Matrix | None = None) -> float:
        """The least element; of none it is NaN. See `sum`.

        NaN is passed over, unless it is the first element that counts: then it is the result.
        """

    @overload
    def min(self, axis: SupportsIndex, where: Matrix | None = None) -> Matrix: ...
    @overload
    def max(self, axis: None = None, where: Matrix | None = None) -> float:
        """The greatest element; of none it is NaN. See `min`."""

    @overload
    def max(self, axis: SupportsIndex, where: Matrix | None = None) -> Matrix: ...
    @overload
    def magnitude(self, axis: None = None, where: Matrix | None = None) -> float:
        """The square root of the sum of squares; of no elements it is 0. See `sum`."""

    @overload
    def magnitude(self, axis: SupportsIndex, where: Matrix | None = None) -> Matrix: ...
    @overload
    def magnitude_squared(self, axis: None = None, where: Matrix | None = None) -> float:
        """The sum of squares; of no elements it is 0. See `sum`."""

    @overload
    def magnitude_squared(self, axis: SupportsIndex, where: Matrix | None = None) -> Matrix: ...
    @overload
    def argmin(self, axis: None = None, where: Matrix | None = None, as_matrix: bool = False) -> int:
        """Where the least element is, the first of equals: in row-major order, or in each column or row.

        With an axis, the numbers are a list, or a matrix if `as_matrix` is true. -1 where no element counts. NaN as for
        `min`.
        """

    @overload
    def argmin(
        self, axis: SupportsIndex, where: Matrix | None = None, as_matrix: Literal[False] = False
    ) -> list[int]: ...
    @overload
    def argmin(self, axis: SupportsIndex, where: Matrix | None = None, *, as_matrix: Literal[True]) -> Matrix: ...
    @overload
    def argmin(self, axis: SupportsIndex, where: Matrix | None, as_matrix: Literal[True]) -> Matrix: ...
    @overload
    def argmax(self, axis: None = None, where: Matrix | None = None, as_matrix: bool = False) -> int:
        """Where the greatest element is. See `argmin`."""

    @overload
    def argmax(
        self, axis: SupportsIndex, where: Matrix | None = None, as_matrix: Literal[False] = False
    ) -> list[int]: ...
    @overload
    def argmax(self, axis: SupportsIndex, where: Matrix | None = None, *, as_matrix: Literal[True]) -> Matrix: ...
    @overload
    def argmax(self, axis: SupportsIndex, where: Matrix | None, as_matrix: Literal[True]) -> Matrix: ...
    @overload
    def topk(
        self,
        k: SupportsIndex,
        axis: None = None,
        largest: bool = True,
        where: Matrix | None = None,
        as_matrix: Literal[False] = False,
    ) -> tuple[Matrix, list[int]]:
        """The `k` greatest elements, or the least if `largest` is false, and where they are.

        They are sorted, the first ones of equals. Of all (`1xk`), of each column (`axis=0`, `kxN`) or of each row
        (`axis=1`, `Mxk`). NaN comes last. The places are a list of ints, with an axis a list for each column or row; or
        a matrix as the values are, if `as_matrix` is true. Where fewer than `k` elements count, NaN and -1 fill up.
        Raises ValueError if `k` is not from 1 to the number of elements.
        """

    @overload
    def topk(
        self,
        k: SupportsIndex,
        axis: SupportsIndex,
        largest: bool = True,
        where: Matrix | None = None,
        as_matrix: Literal[False] = False,
    ) -> tuple[Matrix, list[list[int]]]: ...
    @overload
    def topk(
        self,
        k: SupportsIndex,
        axis: SupportsIndex | None = None,
        largest: bool = True,
        where: Matrix | None = None,
        *,
        as_matrix: Literal[True],
    ) -> tuple[Matrix, Matrix]: ...
    @overload
    def topk(
        self,
        k: SupportsIndex,
        axis: SupportsIndex | None,
        largest: bool,
        where: Matrix | None,
        as_matrix: Literal[True],
    ) -> tuple[Matrix, Matrix]: ...
    @overload
    def vecdot(self, other: Matrix | MatrixView | _Row, axis: None = None) -> float:
        """The sum of the products of elements: of all, of each column (`axis=0`), or of each row (`axis=1`).

        A row or a column broadcasts to the other operand's shape. For the product of matrices, use `@`.
        """

    @overload
    def vecdot(self, other: Matrix | MatrixView | _Row, axis: SupportsIndex) -> Matrix: ...
    def cross(self, other: Matrix | MatrixView | _Row, axis: SupportsIndex | None = None) -> float | Matrix:
        """The cross product: of vectors with three components, or the z component of that of vectors with two.

        `Nx2` and `Nx3` are vectors in rows, `2xN` and `3xN` in columns; `2x2` and `3x3` are rows unless `axis` is 0;
        `2x3` and `3x2` have two components. `other` is of the same shape, or one vector for all. Of one pair of vectors
        with two components the result is a float.
        """

    def normalize(self, axis: SupportsIndex | None = None, in_place: bool = False) -> Matrix:
        """The matrix divided by its magnitude; or each column (`axis=0`), or row (1), by its own. Zeros stay."""

    def perpendicular(self, axis: SupportsIndex | None = None, in_place: bool = False) -> Matrix:
        """Each vector with two components turned by 90 degrees, counter-clockwise: (x, y) becomes (-y, x).

        `Nx2` are vectors in rows, `2xN` in columns; `2x2` are rows unless `axis` is 0.
        """

    def angle(self, axis: SupportsIndex | None = None) -> float | Matrix:
        """The angle `atan2(y, x)` of each vector with two components, a float for one. See `perpendicular`."""

    def take(self, indices: _Indices, axis: SupportsIndex = 0, *, out: Matrix | None = None) -> Matrix:
        """The rows with these indices, or the columns if the axis is 1. Negative indices count from the end.

        `out` must be another matrix, of the result's shape. Raises IndexError for an index that there is not and for no
        indices, KeyError for another axis than 0 and 1 (-2 and -1).
        """

    def select(self, indices: _Indices, axis: SupportsIndex = 0) -> Matrix:
        """The older name of `take`."""

    def put(
        self,
        indices: _Indices,
        value: Matrix | MatrixView | _Number | _Row,
        axis: SupportsIndex = 0,
        accumulate: bool = False,
    ) -> Matrix:
        """Overwrite the rows with these indices, or the columns if the axis is 1, and return this matrix.

        The value is a number, or has the shape that `take` gives, or broadcasts to it. Where an index comes several
        times, the last value stays; or they are all added, if `accumulate` is true. After an error nothing is written.
        """

    def take_along_axis(self, indices: _Indices, axis: SupportsIndex = 0, *, out: Matrix | None = None) -> Matrix:
        """One element of each column, at the row that its index says; or of each row, if the axis is 1.

        There have to be as many indices as columns, or rows: as `argmin` and `argmax` give them. `out` and errors as
        for `take`.
        """

    def put_along_axis(
        self,
        indices: _Indices,
        value: Matrix | MatrixView | _Number | _Row,
        axis: SupportsIndex = 0,
        accumulate: bool = False,
    ) -> Matrix:
        """Overwrite the elements that `take_along_axis` would take, and return this matrix. See `put`."""

    def repeat_interleave(self, repeats: SupportsIndex, axis: SupportsIndex | None = None) -> Matrix:
        """Each row (`axis=0`), column (`axis=1`) or element (a row) so many times, one after the other."""

    def row_view(
        self, row: SupportsIndex, columns: SupportsIndex | slice | None = None, *, read_only: bool = False
    ) -> MatrixView:
        """A view of a row, or of some of its elements. It is the matrix's own elements, not a copy."""

    def column_view(
        self, column: SupportsIndex, rows: SupportsIndex | slice | None = None, *, read_only: bool = False
    ) -> MatrixView:
        """A view of a column, or of some of its elements. It is the matrix's own elements, not a copy."""

    def row_views(self, *, read_only: bool = False) -> Iterator[MatrixView]:
        """A view of each row, one after the other."""

    def column_views(self, *, read_only: bool = False) -> Iterator[MatrixView]:
        """A view of each column, one after the other."""

    def __add__(self, other: _Values, /) -> Matrix: ...
    def __radd__(self, other: _Number | _Row, /) -> Matrix: ...
    def __iadd__(self, other: _Values, /) -> Self: ...
    def __sub__(self, other: _Values, /) -> Matrix: ...
    def __rsub__(self, other: _Number | _Row, /) -> Matrix: ...
    def __isub__(self, other: _Values, /) -> Self: ...
    def __mul__(self, other: _Values, /) -> Matrix: ...
    def __rmul__(self, other: _Number | _Row, /) -> Matrix: ...
    def __imul__(self, other: _Values, /) -> Self: ...
    def __truediv__(self, other: _Values, /) -> Matrix: ...
    def __rtruediv__(self, other: _Number | _Row, /) -> Matrix: ...
    def __itruediv__(self, other: _Values, /) -> Self: ...
    def __matmul__(self, other: Matrix | MatrixView | _Row, /) -> Matrix: ...
    def __rmatmul__(self, other: _Row, /) -> Matrix: ...
    def __imatmul__(self, other: Matrix | MatrixView | _Row, /) -> Self: ...
    def __neg__(self) -> Matrix: ...
    def __abs__(self) -> Matrix: ...
    def __lt__(self, other: _Values, /) -> bool: ...
    def __le__(self, other: _Values, /) -> bool: ...
    def __gt__(self, other: _Values, /) -> bool: ...
    def __ge__(self, other: _Values, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    @overload
    def __getitem__(self, key: tuple[SupportsIndex, SupportsIndex], /) -> float: ...
    @overload
    def __getitem__(self, key: slice | list[int], /) -> Matrix: ...
    @overload
    def __getitem__(self, key: tuple[slice, SupportsIndex | slice | list[int]], /) -> Matrix: ...
    @overload
    def __getitem__(self, key: tuple[SupportsIndex | list[int], slice], /) -> Matrix: ...
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Any: ...
    def __setitem__(self, key: _Key, value: _Values, /) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __copy__(self) -> Matrix:
        """A copy of the matrix."""

    def __deepcopy__(self, memo: Any, /) -> Matrix:
        """For `copy.deepcopy`."""

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[Any, ...]:
        """For pickle. From protocol 5 on, the numbers can travel out of band."""

@final
class MatrixView:
    """A row or a column of a matrix, or some of its elements: the elements themselves, not a copy.

    Matrices make views: `row_view`, `column_view` and `view[...]`. Whoever has a view uses the matrix through it. So it
    raises as the matrix does where that has been moved, and cannot be moved itself. Arithmetic gives new matrices.
    """

    def __init__(self, view: Never, /) -> None: ...
    @property
    def rows(self) -> int:
        """1 for a row, else the number of elements."""

    @property
    def columns(self) -> int:
        """1 for a column, else the number of elements."""

    @property
    def size(self) -> int:
        """The number of elements."""

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns."""

    @property
    def is_row(self) -> bool:
        """Whether it is a row, not a column."""

    @property
    def read_only(self) -> bool:
        """Whether the matrix cannot be changed through it: that raises TypeError."""

    @property
    def T(self) -> MatrixView:
        """The same elements as a column instead of a row, or the other way round."""

    @property
    def x(self) -> float:
        """The first element. Can be assigned. Raises IndexError where there is none."""

    @x.setter
    def x(self, value: _Number, /) -> None: ...
    @property
    def y(self) -> float:
        """The second element, as `x`."""

    @y.setter
    def y(self, value: _Number, /) -> None: ...
    @property
    def z(self) -> float:
        """The third element, as `x`."""

    @z.setter
    def z(self, value: _Number, /) -> None: ...
    @property
    def w(self) -> float:
        """The fourth element, as `x`."""

    @w.setter
    def w(self, value: _Number, /) -> None: ...
    def copy(self) -> Matrix:
        """The elements as a matrix of their own."""

    def values(self) -> Iterator[float]:
        """The elements, each made when it is asked for."""

    def tolist(self) -> list[float]:
        """The elements, as floats."""

    def __reduce__(self) -> NoReturn:
        """Raises TypeError: a view cannot be pickled or moved."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[float]: ...
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> float: ...
    @overload
    def __getitem__(self, key: slice, /) -> MatrixView: ...
    def __setitem__(self, key: SupportsIndex | slice, value: _Values, /) -> None: ...
    def __add__(self, other: _Values, /) -> Matrix: ...
    def __radd__(self, other: _Values, /) -> Matrix: ...
    def __sub__(self, other: _Values, /) -> Matrix: ...
    def __rsub__(self, other: _Values, /) -> Matrix: ...
    def __mul__(self, other: _Values, /) -> Matrix: ...
    def __rmul__(self, other: _Values, /) -> Matrix: ...
    def __truediv__(self, other: _Values, /) -> Matrix: ...
    def __rtruediv__(self, other: _Values, /) -> Matrix: ...
    def __matmul__(self, other: Matrix | MatrixView | _Row, /) -> Matrix: ...
    def __rmatmul__(self, other: Matrix | MatrixView | _Row, /) -> Matrix: ...
    def __neg__(self) -> Matrix: ...
    def __abs__(self) -> Matrix: ...

class _ViewMaker(Protocol):
    def __getitem__(
        self, key: SupportsIndex | tuple[SupportsIndex | slice, SupportsIndex | slice], /
    ) -> MatrixView: ...

def get_include() -> str:
    """Return the folder to search for `<bocpy/bocpy.h>`: for `include_dirs` of an extension in C or C++.

    The headers are for types that move to other interpreters without being copied: see docs/native-types.md.
    """

def get_sources() -> list[str]:
    """Return the C files that an extension has to be compiled with, beside its own.

    There are some on Windows only, for compilers that lack C's atomics.
    """
