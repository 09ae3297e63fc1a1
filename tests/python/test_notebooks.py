"""Cells of a notebook: to which one output belongs, and what is told at the end of one.

IPython is played by a few lines: it calls what is registered with it before and after each cell, and its `sys.stdout`
notes in a context variable which cell it is, as that of ipykernel does.
"""

from support import check_script, pytest

IPYTHON = {
    "IPython.py": """
        import contextvars
        import io
        import sys

        hooks = {"pre_run_cell": [], "post_run_cell": []}
        parent = contextvars.ContextVar("parent", default="nobody")
        printed = []
        cells = 0


        class events:
            def register(event, hook):
                hooks[event].append(hook)


        def get_ipython():
            return sys.modules["IPython"]


        class Stream(io.TextIOBase):
            def write(self, text):
                printed.append((parent.get(), text))
                return len(text)


        def run(cell):
            contextvars.copy_context().run(_run, cell)


        def _run(cell):
            global cells
            cells += 1
            parent.set(f"cell {cells}")
            for hook in hooks["pre_run_cell"]:
                hook(None)
            exec(cell, vars(sys.modules["__main__"]))
            for hook in hooks["post_run_cell"]:
                hook(None)


        def show():
            wrote = {}
            for cell, text in printed:
                wrote[cell] = wrote.get(cell, "") + text
            for cell in sorted(wrote):
                sys.__stdout__.write(f"{cell}: {wrote[cell]!r}\\n")
        """
}


def test_output_belongs_to_the_cell_that_scheduled_the_behavior():
    check_script(
        """
        import sys

        import IPython
        from bocpy import Cown, quiesce, receive, send, wait, when

        sys.stdout = IPython.Stream()
        IPython.run("@when()\\ndef _():\\n    receive('go'); print('by the first')\\nprint('first')")
        IPython.run(
            "@when()\\ndef _():\\n"
            "    receive('go'); print('by the second')\\n"
            "    when()(lambda: print('and its own', end=''))\\n"
        )
        IPython.run("print('third'); send('go', 1); send('go', 2); quiesce()")
        IPython.run("when()(lambda: print('by the fourth')); wait()")
        IPython.show()
        """,
        """
        cell 1: 'first\\nby the first\\n'
        cell 2: 'by the second\\nand its own'
        cell 3: 'third\\n'
        cell 4: 'by the fourth\\n'
        """,
        files=IPYTHON,
        env={"BOCPY_WORKERS": "2"},
    )


def test_log_records_belong_to_that_cell_too():
    check_script(
        """
        import logging
        import sys

        import IPython
        from bocpy import quiesce, receive, send, wait, when

        sys.stdout = IPython.Stream()
        logging.basicConfig(stream=sys.stdout, format="%(message)s")
        IPython.run("@when()\\ndef _():\\n    receive('go'); logging.warning('logged by the first')")
        IPython.run("send('go', 1); wait()")
        IPython.show()
        """,
        "cell 1: 'logged by the first\\n'",
        files=IPYTHON,
    )


@pytest.mark.parametrize("end", ["quiesce()", "wait()"])
def test_failures_are_told_at_the_end_of_the_cell_that_waited(end):
    check_script(
        f"""
        import sys
        import threading

        import IPython
        from bocpy import quiesce, wait, when

        told = []
        threading.excepthook = lambda args: told.append(str(args.exc_value))
        IPython.run("def fail(): raise ValueError('failed')")
        IPython.run("kept = when()(fail); {end}")
        print(told)
        IPython.run("kept = when()(fail)")
        IPython.run("quiesce()")
        print(told)
        """,
        "['failed']\n['failed', 'failed']",
        files=IPYTHON,
    )


def test_hooks_are_registered_once():
    check_script(
        """
        import IPython
        from bocpy import wait, when

        for _ in range(3):
            IPython.run("when()(lambda: None); wait()")
        print({event: len(hooks) for event, hooks in IPython.hooks.items()})
        """,
        "{'pre_run_cell': 1, 'post_run_cell': 1}",
        files=IPYTHON,
    )


def test_contexts_of_cells_are_not_kept_forever():
    check_script(
        """
        import IPython
        from bocpy import _notebooks, wait, when

        when()(lambda: None)
        for _ in range(300):
            IPython.run("pass")
        print(len(_notebooks._contexts))
        """,
        "100",
        files=IPYTHON,
    )
