"""Progress bars (tqdm, rich) are the main program's: behaviors tell it how far they are."""

from support import check_script, interpreters_only

# Enough of tqdm to see what happens to its bars: it may not be installed.
FAKE = {
    "tqdm/__init__.py": "from tqdm.std import tqdm",
    "tqdm/std.py": """
        class tqdm:
            monitor_interval = 10

            def __init__(self, items=None, total=None):
                self.items, self.total, self.n = items, total, 0

            def __iter__(self):
                for item in self.items:
                    self.update(1)
                    yield item

            def update(self, n):
                self.n += n
        """,
}


def test_a_bar_within_a_behavior():
    check_script(
        """
        from tqdm import tqdm

        from bocpy import wait, when

        total = when()(lambda: sum(tqdm([1, 2, 3])))
        wait()
        print(total.unwrap())
        """,
        "6",
        files=FAKE,
    )


def test_a_bar_that_the_main_program_updates():
    check_script(
        """
        from tqdm import tqdm

        from bocpy import receive, send, wait, when


        def work(n):
            send("progress", 1)
            return n * n


        results = [when()(lambda n=n: work(n)) for n in range(5)]
        bar = tqdm(total=5)
        while bar.n < bar.total:
            _, step = receive("progress")
            bar.update(step)
        wait()
        print(bar.n, [result.unwrap() for result in results])
        """,
        "5 [0, 1, 4, 9, 16]",
        files=FAKE,
    )


@interpreters_only
def test_a_bar_cannot_be_moved_and_the_error_says_what_to_do():
    check_script(
        """
        from tqdm import tqdm

        from bocpy import Cown, quiesce, wait, when

        bar = tqdm(total=5)


        class Bar(tqdm):
            pass


        for make in (tqdm, Bar):
            try:
                Cown(make())
            except TypeError as error:
                print("update it in the main program" in str(error))
        result = when()(lambda: bar.update(1))
        quiesce()
        try:
            result.unwrap()
        except NameError as error:
            print("update it in the main program" in str(error))
        """,
        "True\nTrue\nTrue",
        files=FAKE,
    )
