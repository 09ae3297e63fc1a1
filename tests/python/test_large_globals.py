"""The warning about a large global that is sent with every behavior: it points at the line that schedules."""

from support import check_script, interpreters_only

pytestmark = interpreters_only

LARGE = "[float(i) for i in range(200_000)]"


def test_it_points_at_the_line_of_the_when():
    check_script(
        f"""
        import os
        import warnings

        import helper
        from bocpy import Cown, start, wait, when, whencall

        start(1)
        A, B, C, D, E = ({LARGE} for _ in range(5))
        c = Cown(1)


        def body():
            return E


        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")

            @when()
            def a():
                return A

            whencall(lambda: B, [])

            when()(lambda: C)

            @when(
                c,
            )
            def d(c):
                return D

            helper.schedule(body)
            wait()
        for warning in told:
            print(os.path.basename(warning.filename), warning.lineno, str(warning.message).split("'")[1])
        """,
        """
        program.py 19 A
        program.py 23 B
        program.py 25 C
        program.py 27 D
        helper.py 4 E
        """,
        files={
            "helper.py": """
            from bocpy import when

            def schedule(f):
                return when()(f)
            """
        },
    )


def test_within_a_behavior():
    check_script(
        f"""
        import os
        import warnings

        from bocpy import quiesce, start, wait, when

        start(1)


        def outer():
            when()(lambda: len(LARGE))


        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            LARGE = []
            when()(outer)
            quiesce()
            assert not told
            LARGE = {LARGE}
            when()(outer)
            wait()
        for warning in told:
            print(os.path.basename(warning.filename), warning.lineno)
        """,
        """
        program.py 20
        program.py 10
        """,
    )


def test_as_an_error_it_comes_each_time_and_nothing_is_scheduled():
    check_script(
        f"""
        import warnings

        from bocpy import Cown, wait, when

        warnings.simplefilter("error", RuntimeWarning)
        LARGE = {LARGE}
        c = Cown([1])
        for _ in range(2):
            try:

                @when(c)
                def _(c, more=[2]):
                    c.value += more + [len(LARGE)]

            except RuntimeWarning as warning:
                print(str(warning).split(" (")[0])
        warnings.simplefilter("ignore", RuntimeWarning)
        when(c)(lambda c, more=[2]: c.value.append(len(LARGE)))
        wait()
        print(c.unwrap())
        """,
        """
        the global 'LARGE'
        the global 'LARGE'
        [1, 200000]
        """,
    )
