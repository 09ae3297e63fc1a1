"""Behavior-oriented concurrency: data lives in cowns, and behaviors run once they alone hold the cowns they name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import GenericAlias, TracebackType
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, overload

from typing_extensions import Self, disjoint_base

from bocpy._notices import _Removed

__all__ = [
    "REMOVED",
    "TIMEOUT",
    "WORKER_COUNT",
    "Cown",
    "WaitResult",
    "__version__",
    "drain",
    "notice_delete",
    "notice_read",
    "notice_seed",
    "notice_sync",
    "notice_update",
    "notice_write",
    "noticeboard",
    "quiesce",
    "read",
    "receive",
    "send",
    "set_tags",
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
    """The entries of the noticeboard."""

@disjoint_base
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
    - `noticeboard`: return the entries of the noticeboard as a dict. With both, returns a `WaitResult`.

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
