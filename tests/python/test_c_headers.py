"""The headers for C extensions: every name in them, for each language and compiler that is here."""

import ctypes
import subprocess
import sys
from pathlib import Path

import bocpy
from support import extensions, pytest

names = extensions.load("every_name")

pytestmark = pytest.mark.skipif(extensions.why_not() is not None, reason=str(extensions.why_not()))

HEADERS = ["bocpy/bocpy.h", "bocpy/movable.h", "bocpy/xidata.h"]


def test_the_files_are_there():
    include = Path(bocpy.get_include())
    assert include.is_absolute()
    assert sorted(path.relative_to(include).as_posix() for path in include.rglob("*.h")) == HEADERS
    assert all(Path(source).is_file() for source in bocpy.get_sources())
    assert len(bocpy.get_sources()) == (sys.platform == "win32")


# -- what the names do


def test_numbers():
    assert names.numbers() == (1, -2, 0, 0)


def test_atomics():
    first = names.atomics()
    assert first[:-1] == (40, 0, 42, 1, -(2**63))
    assert names.atomics()[-1] == first[-1] + 1


def test_what_is_registered():
    assert names.supported(names.Box())
    assert names.supported(3) and names.supported("text") and names.supported(None)
    assert not names.supported(object()) and not names.supported([])


def test_data_is_taken_opened_and_freed():
    before = names.count_freed()
    box = names.Box(7)
    references = sys.getrefcount(box)
    made = names.copy(box)
    assert type(made) is names.Box and made is not box and made.number == 7
    assert names.count_freed() == before + 1
    assert sys.getrefcount(box) == references
    assert names.copy("text") == "text" and names.copy(12) == 12


def test_data_that_is_refused():
    before = names.count_freed()
    box = names.Box(-1)
    references = sys.getrefcount(box)
    with pytest.raises(Exception) as caught:
        names.copy(box)
    # From 3.14 on CPython says that it cannot be shared, and why.
    error = caught.value if isinstance(caught.value, ValueError) and "below" in str(caught.value) else None
    assert "it is below zero" in str(error or caught.value.__cause__)
    del caught, error
    assert names.count_freed() == before
    assert sys.getrefcount(box) == references
    with pytest.raises(Exception, match="object"):
        names.copy(object())


def test_data_of_nobody_is_freed():
    before = names.count_freed()
    names.free_empty()
    assert names.count_freed() == before + 1


@pytest.mark.parametrize("ends", [False, True])
def test_data_is_freed_once_when_another_interpreter_lets_go_of_it(ends):
    """In a process of its own: it makes an interpreter without bocpy's help."""
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
import bocpy_every_name as names
box = names.Box(3)
references = sys.getrefcount(box)
names.free_elsewhere(box, {ends})
for _ in range(1000):
    pass
print(names.count_freed(), sys.getrefcount(box) - references)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["1", "0"], "")


def test_exceptions():
    def fail():
        raise LookupError("gone")

    assert names.raise_again(int) == 0
    with pytest.raises(LookupError, match="gone") as caught:
        names.raise_again(fail)
    assert [entry.name for entry in caught.traceback][-1] == "fail"


# -- languages

USES = """
#include <bocpy/bocpy.h>
#ifdef Py_BUILD_CORE
#  error "Py_BUILD_CORE has leaked"
#endif
#include <string.h>
static atomic_int_least64_t place;
static thread_local int here;
static PyObject *open(XIDATA_T *xidata) { return PyLong_FromVoidPtr(xidata->data); }
XIDATA_GETDATA_FUNC(take)
{
    int_least64_t expected = BOCPY_NO_OWNER;
    atomic_store(&place, bocpy_interpid());
    if (!atomic_compare_exchange_strong(&place, &expected, bocpy_main_interpid())) {
        atomic_fetch_add(&place, atomic_load(&place));
    }
    XIDATA_INIT(xidata, tstate->interp, obj, obj, open);
    XIDATA_SET_FREE(xidata, PyMem_RawFree);
    return here;
}
PyMODINIT_FUNC PyInit_nothing(void);
PyMODINIT_FUNC PyInit_nothing(void)
{
    XIDATA_NEWOBJECT how = open;
    XIDATA_T *xidata = XIDATA_NEW();
    if (xidata != NULL && XIDATA_GETXIDATA(Py_None, xidata) == 0) {
        PyErr_SetRaisedException(PyErr_GetRaisedException());
        Py_XDECREF(XIDATA_NEWOBJECT(xidata));
    }
    XIDATA_FREE(xidata);
    return how != NULL && xidata_supported(Py_None) && XIDATA_REGISTERCLASS(&PyLong_Type, take) == 0 ? NULL : Py_None;
}
"""

WAYS = [
    ("gcc", "c11"),
    ("gcc", "gnu17"),
    ("clang", "c11"),
    ("clang", "gnu17"),
    ("g++", "c++11"),
    ("g++", "c++20"),
    ("clang++", "c++11"),
    ("clang++", "c++20"),
]


def check(command, source, tmp_path, *more):
    path = tmp_path / ("source.cpp" if "++" in command else "source.c")
    path.write_text(source, encoding="utf-8")
    found = extensions.compiler(command)
    if found is None:
        pytest.skip(f"{command} is not here")
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", *extensions.flags(), *more]
    done = subprocess.run([*found, *flags, str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("command", "standard"), WAYS)
def test_without_a_warning(command, standard, tmp_path):
    check(command, USES, tmp_path, f"-std={standard}")


@pytest.mark.parametrize("command", ["g++", "clang++"])
@pytest.mark.parametrize("header", HEADERS)
def test_included_as_c_by_cpp(command, header, tmp_path):
    check(command, f'extern "C" {{\n#include <{header}>\n}}\n', tmp_path)


@pytest.mark.parametrize("order", [["Python.h", *HEADERS], HEADERS[::-1], [HEADERS[1]], HEADERS * 2])
def test_in_any_order(order, tmp_path):
    check("gcc", "".join(f"#include <{header}>\n" for header in order), tmp_path, "-std=c11")


def test_one_who_is_part_of_cpython_stays_that(tmp_path):
    check("gcc", f"#define Py_BUILD_CORE 1\n{USES.replace('#  error', '//')}", tmp_path, "-std=gnu17")


def test_the_limited_api_is_refused(tmp_path):
    with pytest.raises(AssertionError, match="without Py_LIMITED_API"):
        check("gcc", "#include <bocpy/bocpy.h>\n", tmp_path, "-DPy_LIMITED_API=0x030a0000")


INTRIN = """
#define __int64 long long
static __int64 _InterlockedCompareExchange64(volatile __int64 *place, __int64 desired, __int64 expected)
{
    __atomic_compare_exchange_n(place, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}
"""


def test_the_atomics_for_compilers_that_have_none(tmp_path):
    """With the one function of Microsoft's that they take, as another compiler has it."""
    (tmp_path / "intrin.h").write_text(INTRIN, encoding="utf-8")
    source = Path(bocpy.get_include()).parent / "src" / "bocpy_msvc.c"
    library = tmp_path / "atomics.so"
    command = [*extensions.c_compiler(), "-std=gnu11", "-fPIC", "-shared", "-DBOCPY_MSVC_ATOMICS=1", f"-I{tmp_path}"]
    subprocess.run([*command, *extensions.WARNINGS, *extensions.flags(), str(source), "-o", str(library)], check=True)
    atomics = ctypes.PyDLL(str(library))
    place, expected = ctypes.c_int64(5), ctypes.c_int64(6)
    number = ctypes.c_int64
    for name in ("load", "fetch_add"):
        getattr(atomics, f"bocpy_atomic_{name}").restype = number
    exchange = atomics.bocpy_atomic_compare_exchange
    exchange.restype = ctypes.c_bool
    assert atomics.bocpy_atomic_load(ctypes.byref(place)) == 5
    assert not exchange(ctypes.byref(place), ctypes.byref(expected), number(9))
    assert (place.value, expected.value) == (5, 5)
    assert exchange(ctypes.byref(place), ctypes.byref(expected), number(9))
    assert (place.value, expected.value) == (9, 5)
    atomics.bocpy_atomic_store(ctypes.byref(place), number(2**63 - 1))
    assert atomics.bocpy_atomic_fetch_add(ctypes.byref(place), number(1)) == 2**63 - 1
    assert place.value == -(2**63)


def test_the_same_file_is_empty_for_others(tmp_path):
    source = Path(bocpy.get_include()).parent / "src" / "bocpy_msvc.c"
    check("gcc", source.read_text(encoding="utf-8"), tmp_path, "-std=c11")
