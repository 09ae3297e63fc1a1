"""Code in namespaces that are no module of a file: ``exec``, notebooks, modules made at run time, pytest's tests."""

from support import check_script, pytest, run_script, usual_ways


@usual_ways
def test_code_run_by_exec(how):
    source = """
        from bocpy import wait

        code = '''
        from bocpy import Cown, when

        FACTOR = 3

        def scaled(x):
            return x * FACTOR

        class Thing:
            pass

        c = Cown(Thing())

        @when(c)
        def result(c):
            return scaled(2), type(c.value) is Thing
        '''
        import textwrap
        for space in ({}, {"__name__": "nowhere"}, {"__name__": "__main__"}):
            exec(textwrap.dedent(code), space)
            wait()
            print(space["result"].unwrap())
    """
    check_script(source, "(6, True)\n(6, True)\n(6, True)", how=how)


@usual_ways
def test_cells_of_a_notebook(how):
    """Each cell is compiled under a name of its own and run in the namespace of ``__main__``."""
    source = """
        import __main__
        cells = [
            "from bocpy import Cown, quiesce, when\\nc = Cown(1)\\n",
            "def helper(x):\\n    return x + 1\\n",
            "@when(c)\\ndef result(c):\\n    c.value = helper(c.value)\\n    return c.value\\n",
            "quiesce(); print(result.unwrap())\\n",
            "def helper(x):\\n    return x * 100\\n",
            "@when(c)\\ndef result(c):\\n    c.value = helper(c.value)\\n    return c.value\\n",
            "quiesce(); print(result.unwrap())\\n",
        ]
        for number, cell in enumerate(cells):
            exec(compile(cell, f"<ipython-input-{number}>", "exec"), __main__.__dict__)
    """
    check_script(source, "2\n200", how=how)


def test_a_module_made_at_run_time():
    source = """
        import sys, types
        from bocpy import Cown, wait, when

        made = types.ModuleType("made")
        exec("def twice(x): return 2 * x\\nclass Kind: pass\\n", made.__dict__)
        sys.modules["made"] = made
        from made import twice

        @when(Cown(4))
        def result(c):
            return twice(c.value)

        wait()
        with result:
            print(result.exception or result.value)
    """
    done = run_script(source)
    assert done.returncode == 0, done.stderr
    # by value where no worker can import it; an error that says so would do as well
    assert done.stdout.strip() in ("8", "True")


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_tests_of_a_user_under_pytest(mode):
    files = {
        "test_of_a_user.py": """
            import pytest
            from bocpy import Cown, quiesce, wait, when

            LIMIT = 10

            class Thing:
                pass

            def helper(x):
                return min(x + 1, LIMIT)

            @pytest.fixture
            def cown():
                yield Cown(1)
                wait()

            @pytest.mark.parametrize("n", [1, 2])
            def test_a_behavior(cown, n):
                @when(cown)
                def result(c):
                    assert c.value == 1
                    return helper(c.value) + n

                quiesce()
                assert result.unwrap() == 2 + n

            class TestOfAClass:
                def test_a_method(self, cown):
                    c = Cown(Thing())

                    @when(cown, c)
                    def result(cown, c):
                        assert cown.value == 2, "the message of the assertion"
                        return type(c.value) is Thing

                    wait()
                    with pytest.raises(AssertionError, match="the message of the assertion"):
                        result.unwrap()
                    assert type(c.unwrap()) is Thing
        """
    }
    options = ["-q", "-p", "no:cacheprovider", f"--import-mode={mode}", "."]
    done = run_script(f"import pytest, sys; sys.exit(pytest.main({options}))", how="-c", files=files)
    assert "3 passed" in done.stdout and done.returncode == 0, done.stdout + done.stderr
