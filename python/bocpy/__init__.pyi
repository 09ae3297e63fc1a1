"""Behavior-oriented concurrency: data lives in cowns, and behaviors run once they alone hold the cowns they name."""

from collections.abc import Callable, Iterable, Sequence
from types import GenericAlias, TracebackType
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, overload

from typing_extensions import Self, disjoint_base

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
"""How many workers `start` starts by default: `BOCPY_WORKERS`, or the cores of this process, from three on less one."""

class WaitResult(NamedTuple):
    """What `wait` and `quiesce` give where both `stats` and `noticeboard` are asked for."""

    stats: list[dict[str, int]]
    """A dict of counters for each worker; empty if no worker was up."""

    noticeboard: dict[str, Any]
    """What is on the noticeboard."""

@disjoint_base
class Cown(Generic[_T]):
    """A concurrent owner: a box with one value, and a queue of the behaviors that want it.

    Only its holder may touch the value. That is the behavior which runs over the cown (see `when`), or the caller of
    `acquire`. After `wait` the main program may use all cowns that there were, until the workers start again.

    A `Cown` object is a handle. Several may stand for the same cown, and compare equal then; handles travel with values
    and captures, and can be used as keys.
    """

    def __init__(self, value: _T) -> None:
        """Make a cown that owns `value` from now on.

        Raises TypeError if the value cannot be moved to the interpreters in which behaviors run. Where behaviors run on
        threads, any value will do.
        """

    @property
    def value(self) -> _T:
        """The value. It can be assigned, and changed in place, by the holder of the cown.

        Where `exception` is true, it is the exception, whatever the type says. Raises RuntimeError for all but the
        holder. Assigning raises TypeError where the value cannot be moved.
        """

    @value.setter
    def value(self, value: _T, /) -> None: ...
    @property
    def exception(self) -> bool:
        """Whether the value is an exception that a behavior let out. Assigning the value makes this false.

        Raises RuntimeError for all but the holder.
        """

    @exception.setter
    def exception(self, value: bool, /) -> None: ...
    @property
    def acquired(self) -> bool:
        """Whether the caller may touch the value just now."""

    def acquire(self) -> None:
        """Take the cown at once, for code that is no behavior over it. Who holds it already keeps it.

        Behaviors over this cown then wait for `release`. This call itself never waits: it raises RuntimeError if a
        behavior or another thread holds the cown, or if behaviors wait for it.
        """

    def release(self) -> None:
        """Give back what `acquire` took. If nobody holds the cown, nothing happens.

        Raises RuntimeError if somebody else holds it, or if it belongs to the behavior that runs here, which gives it
        back when it ends; TypeError if the value that was put in cannot be moved to a worker.
        """

    def unwrap(self) -> _T:
        """Take the value out of the cown, which has None from then on.

        If the value is an exception that a behavior let out, raises that, with the traceback from the worker as its
        cause. Raises RuntimeError while behaviors are in flight (`wait` or `quiesce` first), or if somebody else holds
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

    # Cowns have one order in the whole process, which has nothing to do with their values.
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

        Opening the pickle gives a handle of the same cown. That raises RuntimeError in another process, or if the cown
        is gone: a pickle does not keep it alive.
        """

    @classmethod
    def __class_getitem__(cls, item: Any, /) -> GenericAlias:
        """`Cown[int]`, for annotations."""

class _Read(Generic[_T]):
    """What `read` gives, for `when`."""

_Claim: TypeAlias = Cown[Any] | _Read[Any]

@overload
def read(cown: Cown[_T] | _Read[_T], /) -> _Read[_T]:
    """Ask for a cown to read it only: `@when(read(config), account)`.

    Behaviors that read a cown run side by side; with those that write it they keep the order of scheduling. The
    parameter is the `Cown` itself. Its value can be looked at; to assign it raises RuntimeError. What a reader changes
    inside the value reaches nobody else where each worker has an interpreter of its own. Where workers are threads, all
    readers look at one object, and must leave it as it is.

    A list or tuple of cowns gives a list. Raises TypeError for anything else.
    """

@overload
def read(cowns: list[Cown[_T]] | tuple[Cown[_T], ...], /) -> list[_Read[_T]]: ...
def when(*cowns: _Claim | Sequence[_Claim]) -> Callable[[Callable[..., _R]], Cown[_R]]:
    """Decorate a function to run once, on a worker, as soon as it alone holds all `cowns`.

    Each argument is a cown, `read(cown)`, or a list or tuple of such that are held together. The function has one
    parameter for each of them, in the same order, and gets a `Cown` or a `list` of such. Further parameters are
    captures: their defaults are taken now, and those without a default take the variable of the same name. Variables of
    the functions around it have the values that they have now.

    The name of the function then stands for a cown of what it returns, or of the exception that it lets out.

    Behaviors over a common cown run one after the other, in the order in which they were scheduled; others run in
    parallel. Nothing can deadlock.

    Raises TypeError if an argument is no cown, if the parameters do not fit, if the function is `async` or has a
    `yield`, or if something that it captures cannot be moved to a worker; nothing is scheduled then. The first one
    starts the workers, and raises what `start` raises.
    """

def whencall(
    func: Callable[..., _R], args: Iterable[_Claim | Sequence[_Claim]], captures: Iterable[Any] = ()
) -> Cown[_R]:
    """Schedule `func(*args, *captures)` as a behavior over the cowns, or groups of cowns, `args`.

    Gives the cown of its result. The same as `when(*args)(func)`, with captures handed over from outside. Raises what
    `when` raises, and TypeError if `func` is a string or gets more captures than it has parameters.
    """

def start(
    worker_count: int | None = None,
    module: object = None,
    *,
    backend: Literal["interpreters", "threads"] | None = None,
) -> None:
    """Start the workers, with settings of your own. Does nothing if they are up; the first behavior starts them too.

    - `worker_count`: from 1 to 4096; by default `WORKER_COUNT`.
    - `module`: for programs written for the original package. It is ignored.
    - `backend`: `"interpreters"` gives each worker an interpreter and a GIL of its own, and needs CPython 3.12 or newer
      with a GIL; `"threads"` runs behaviors in the main interpreter. By default `BOCPY_BACKEND`, or what suits this
      Python.

    Raises ValueError or TypeError for settings that are none, and RuntimeError if a worker cannot be started, or within
    a behavior.
    """

@overload
def wait(timeout: float | None = None, *, stats: Literal[False] = False, noticeboard: Literal[False] = False) -> None:
    """Wait until no behavior is left to run, and stop the workers. The next behavior starts them again.

    Behaviors that are scheduled meanwhile are waited for too. Afterwards the main program may use all cowns, until the
    next start.

    - `timeout`: seconds; None waits for ever, what is negative does not wait.
    - `stats`: give a dict of counters for each worker that was up.
    - `noticeboard`: give what is on the noticeboard. With both, they come as a `WaitResult`.

    Raises TimeoutError when the time is up, after which everything goes on as before; KeyboardInterrupt on Ctrl-C;
    ValueError if the timeout is NaN; RuntimeError within a behavior.
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
    """Wait until no behavior is left to run, and leave the workers up.

    Takes, gives and raises what `wait` does. Cowns are not free for all afterwards: acquire them, or `unwrap` results.
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
