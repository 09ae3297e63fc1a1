"""A hierarchy of exceptions: groups, notes, causes, contexts, finally, suppress, custom __reduce__, OSError subclasses, warnings."""

import sys
from bocpy import Cown, when, quiesce, wait
import traceback, warnings, errno
from contextlib import contextmanager


class AppError(Exception):
    code = 1

    def __init_subclass__(cls, code=None, **kw):
        super().__init_subclass__(**kw)
        if code is not None:
            cls.code = code


class Db(AppError, code=10):
    def __init__(self, table, *, query):
        super().__init__(f"{table}: {query}")
        self.table, self.query = table, query


class Busy(Db, TimeoutError, code=11):
    def __str__(self):
        return f"{self.table} is busy ({self.code}), errno {self.errno}"


class Gone(OSError):
    pass


class Key(KeyError):
    pass


class Many(ExceptionGroup):
    def derive(self, excs):
        return Many(self.message, excs)


class Uni(UnicodeDecodeError):
    pass


class Early(BaseException):
    pass


class Stop(StopIteration):
    pass


class Silent(Exception):
    def __new__(cls, *args, **kw):
        self = super().__new__(cls, *args)
        self.kw = kw
        return self

    def __init__(self, *args, **kw):
        self.tag = "init"


class Equal(Exception):
    def __eq__(self, o):
        return type(o) is type(self) and o.args == self.args

    def __hash__(self):
        return hash(self.args)


@contextmanager
def translated(**info):
    try:
        yield
    except KeyError as e:
        raise Db("t", query=str(e)) from e
    finally:
        info.clear()


def db():
    with translated(a=1):
        {}["x"]


def context():
    try:
        1 / 0
    except ZeroDivisionError:
        raise Key("k", "more")


def no_context():
    try:
        1 / 0
    except ZeroDivisionError:
        raise AppError("hidden") from None


def group():
    errors = []
    for f in db, context, lambda: int("x"), gone:
        try:
            f()
        except Exception as e:
            e.add_note(f"in {f.__name__}")
            errors.append(e)
    raise Many("all", errors)


def gone():
    raise Gone(errno.ENOENT, "not here", "/nowhere")


def uni():
    b"\xff".decode()


def uni2():
    raise Uni("utf8", b"\xff\xfe", 0, 1, "mine")


def deep(n=30):
    if n:
        return deep(n - 1)
    raise Silent(1, 2, x=3)


def stop():
    raise Stop("v")


def gen():
    def g():
        raise StopIteration
        yield

    next(g())


def syntax():
    compile("a b", "<mine>", "exec")


def busy():
    raise Busy("users", query="select")


def equal():
    raise Equal(1, [2])


def attr():
    return Db.nothing


def name():
    return undefined


def warn():
    warnings.warn("w", category=RuntimeWarning)


def imp():
    import nothing_here


def imp2():
    from math import nothing


def assertion():
    assert 1 == 2, ("a", 1)


def keyb():
    raise KeyboardInterrupt("no")


def exit_():
    sys.exit(3)


def recursion():
    return recursion()


def mem():
    raise MemoryError("none left")


def cyc():
    e = AppError("self")
    e.me = e
    e.data = {"e": e}
    raise e


all_ = [
    db,
    context,
    no_context,
    group,
    gone,
    uni,
    uni2,
    deep,
    stop,
    gen,
    syntax,
    busy,
    equal,
    attr,
    name,
    imp,
    imp2,
    assertion,
    mem,
    cyc,
]
results = []
for f in all_:

    @when()
    def r():
        return f()

    results.append(r)
quiesce()


def show(e, indent="  "):
    print(
        indent,
        type(e).__name__,
        "|",
        e,
        "|",
        e.args if not isinstance(e, (ExceptionGroup, SyntaxError)) else "",
        sorted(k for k in vars(e)),
        type(e.__cause__).__name__,
        type(e.__context__).__name__,
        e.__suppress_context__,
        getattr(e, "__notes__", None),
    )
    if isinstance(e, ExceptionGroup):
        for x in e.exceptions:
            show(x, indent + "    ")
        a, b = e.split(OSError)
        print(type(a) is Many, len(b.exceptions))
    print(indent, [(t.name, t.line) for t in traceback.extract_tb(e.__traceback__)][-2:])


for f, r in zip(all_, results):
    print(f.__name__)
    try:
        print(r.unwrap())
    except Exception as e:
        show(e)
        for (
            k
        ) in "code table query errno filename kw tag start reason object name lineno offset text msg value me".split():
            if hasattr(e, k) and k != "me":
                print("      ", k, getattr(e, k))
        if hasattr(e, "me"):
            print(e.me is e, e.data["e"] is e)
wait()
