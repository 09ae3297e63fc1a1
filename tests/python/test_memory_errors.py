"""When memory is short: `MemoryError`, and nothing is lost."""

import sys

from support import check_script, interpreters_only, pytest, run_script

pytestmark = [
    interpreters_only,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and limits the address space"),
]

LIMIT = """
    import array, resource
    from bocpy import Cown, quiesce, start, wait, when

    def limit(more):
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + more, resource.RLIM_INFINITY))

    def no_limit():
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    MB = 1 << 20
    start(1)
    when()(lambda: None)
    quiesce()
"""


def test_a_value_that_cannot_be_opened_stays_whole():
    source = (
        LIMIT
        + """
    cown = Cown(None)

    @when(cown)
    def _(cown):
        cown.value = [bytearray(b"a" * MB), bytearray(b"b" * MB), b"z" * (192 * MB)]

    quiesce()
    limit(100 * MB)
    for _ in range(3):
        try:
            with cown:
                cown.value
        except MemoryError as error:
            print("MemoryError")
    no_limit()
    with cown:
        print([(len(part), bytes(part[-1:])) for part in cown.value])
    when(cown)(lambda c: print(len(c.value)))
    wait()
    """
    )
    expected = """
        MemoryError
        MemoryError
        MemoryError
        [(1048576, b'a'), (1048576, b'b'), (201326592, b'z')]
        3
    """
    check_script(source, "\n".join(line.strip() for line in expected.strip().splitlines()))


@pytest.mark.slow
@pytest.mark.parametrize(
    "value",
    [
        "bytearray(200 * MB)",
        "[bytearray(200 * MB), 1]",
        "{'text': 'é' * (150 * MB)}",
        "array.array('d', bytes(200 * MB))",
        "[float(n) for n in range(24 * MB)]",
        "memoryview(bytearray(200 * MB))",
        "Plain(bytearray(200 * MB))",
        "Plain('é' * (150 * MB))",
    ],
)
def test_a_value_too_large_to_be_taken_is_an_error(value):
    source = (
        LIMIT
        + f"""
    class Plain:
        def __init__(self, part):
            self.part = part

    value = {value}
    limit(60 * MB)
    try:
        Cown(value)
    except MemoryError as error:
        print("MemoryError")
    no_limit()
    wait()
    """
    )
    check_script(source, "MemoryError")


# What may be large in a value: its own memory, memory beside the packed data, and pickles.
LARGE = [
    'b"z" * (192 * MB)',
    '["x" * (192 * MB)]',
    '"é" * (150 * MB)',
    "[bytearray(200 * MB)]",
    'collections.OrderedDict(text="x" * (192 * MB))',
]


@pytest.mark.slow
@pytest.mark.parametrize("value", LARGE)
def test_what_cannot_be_brought_from_a_worker_stays_there(value):
    source = (
        LIMIT
        + f"""
    import collections
    cown = Cown(None)

    @when(cown)
    def _(cown):
        cown.value = {value}

    quiesce()
    limit(60 * MB)
    for _ in range(2):
        try:
            with cown:
                cown.value
        except MemoryError as error:
            print("MemoryError")
    no_limit()
    with cown:
        print(cown.value == {value})
    wait()
    """
    )
    check_script(source, "MemoryError\nMemoryError\nTrue")


@pytest.mark.parametrize("value", LARGE)
def test_what_cannot_be_saved_from_a_worker_that_ends_is_an_error(value):
    source = (
        LIMIT
        + f"""
    import collections
    cown, small = Cown(None), Cown(None)

    @when(cown, small)
    def _(cown, small):
        cown.value, small.value = {value}, [1, 2]

    quiesce()
    limit(100 * MB)
    wait()
    no_limit()
    for each in cown, small:
        try:
            print(len(each.value))
        except MemoryError as error:
            print(type(error).__name__, "lost" in str(error))
    """
    )
    done = run_script(source)
    assert (done.stdout, done.returncode) == ("MemoryError True\n2\n", 0), done
    # It says so when it happens, too.
    assert done.stderr == "" or "was lost" in done.stderr
