"""The examples that show something while they run: boids and the dashboard, with windows and without."""

from __future__ import annotations

import importlib.util
import os
import struct
import subprocess
import sys
import zlib

import pytest
from support.display import some_display
from test_examples import output_of, run

FRAME_60 = "f870c007"  # the checksum of the boids, if nothing else is asked for
DAY_40 = "after 40 days: 3,730 healthy, 173 ill (at most 173), 97 immune\n"  # with 500 people in a district


@pytest.fixture(scope="module")
def display():
    with some_display() as name:
        yield name


def run_there(display: str, example: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example that opens a window."""
    return subprocess.run(
        [sys.executable, "-m", f"bocpy.examples.{example}", *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "DISPLAY": display},
        timeout=120,
    )


def run_without(module: str, example: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example as if a module were not installed."""
    code = f"""
import sys
sys.modules[{module!r}] = None
from bocpy.examples.{example} import main
sys.exit(main({list(arguments)!r}))
"""
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=120)


@pytest.mark.parametrize("workers", ["1", "2", "3"])
def test_boids_fly_the_same_way_everywhere(workers):
    """On any number of workers, on both hosts, and on every Python."""
    text = output_of("boids", "--headless", "60", "--workers", workers, "--check")
    assert "60 frames in " in text
    assert "frames per second\n" in text
    assert [line.rpartition(" ")[2] for line in text.splitlines()[-2:]] == [FRAME_60, FRAME_60]


def test_other_boids_fly_another_way():
    sums = {
        output_of("boids", "--headless", "3", "--boids", "20", *more).splitlines()[-1]
        for more in ([], ["--seed", "2"], ["--width", "900"], ["--height", "500"], ["--boids", "21"])
    }
    assert len(sums) == 5


def test_boids_in_one_strip():
    assert "1 boid in 1 strip" in output_of("boids", "--headless", "30", "--boids", "1", "--width", "60", "--check")


def pixels_of(picture: bytes) -> tuple[int, int, bytes]:
    """The size of a PNG file, and its rows; all checksums in it are checked."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    parts = {}
    at = 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        named = picture[at + 4 : at + 8 + length]
        assert picture[at + 8 + length : at + 12 + length] == struct.pack(">I", zlib.crc32(named))
        parts[named[:4]] = named[4:]
        at += 12 + length
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    return width, height, zlib.decompress(parts[b"IDAT"])


def test_boids_are_drawn_into_a_file(tmp_path):
    path = tmp_path / "flock.png"
    text = output_of("boids", "--snapshot", str(path), "--headless", "5", "--width", "200", "--height", "100")
    assert "5 frames in " in text
    width, height, rows = pixels_of(path.read_bytes())
    assert (width, height, len(rows)) == (200, 100, 100 * (1 + 3 * 200))
    background = bytes((12, 16, 32))
    pixels = [
        rows[start + 1 + 3 * x : start + 4 + 3 * x] for start in range(0, len(rows), 1 + 3 * 200) for x in range(200)
    ]
    # 300 boids of 50 pixels or so, which fly above each other, and some of them outside.
    assert 1000 < sum(pixel != background for pixel in pixels) < 15_000


def test_a_file_that_cannot_be_written(tmp_path):
    done = run("boids", "--headless", "2", "--snapshot", str(tmp_path))
    assert done.returncode == 1
    assert f"cannot write {tmp_path}" in done.stderr
    assert "Traceback" not in done.stderr


def test_boids_without_pyglet():
    done = run_without("pyglet", "boids")
    assert done.returncode == 1
    assert "pip install bocpy-rs[boids]" in done.stderr
    assert "Traceback" not in done.stderr
    assert run_without("pyglet", "boids", "--headless", "3").returncode == 0


@pytest.mark.skipif(importlib.util.find_spec("pyglet") is None, reason="needs pyglet")
@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_boids_without_a_display():
    done = run_without("no_such_module", "boids")
    assert done.returncode == 1
    assert "pyglet cannot open a window here" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(importlib.util.find_spec("pyglet") is None, reason="needs pyglet")
def test_boids_in_a_window(display):
    done = run_there(display, "boids", "--frames", "60", "--fps", "200", "--check")
    if "cannot open a window" in done.stderr:
        pytest.skip(done.stderr)  # a display without OpenGL
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.rpartition(" ")[2] for line in done.stdout.splitlines()[-2:]] == [FRAME_60, FRAME_60]


@pytest.mark.parametrize("workers", ["1", "3"])
def test_the_dashboard_ends_the_same_everywhere(workers):
    text = output_of("dashboard", "--headless", "--frames", "40", "--people", "500", "--workers", workers)
    assert DAY_40 in text
    assert text.endswith("4,000 people on every day that was shown\n")


def test_the_dashboard_shows_each_day():
    lines = output_of("dashboard", "--frames", "25", "--districts", "3").splitlines()
    assert [line.split(":")[0] for line in lines[:25]] == [f"day {day}" for day in range(1, 26)]
    assert lines[-1] == "6,000 people on every day that was shown"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
def test_the_dashboard_draws_in_a_terminal():
    import pty

    master, slave = pty.openpty()
    command = [sys.executable, "-m", "bocpy.examples.dashboard", "--frames", "5", "--districts", "2"]
    with subprocess.Popen(command, stdout=slave, stderr=subprocess.PIPE) as process:
        os.close(slave)
        text = b""
        try:
            while part := os.read(master, 4096):
                text += part
        except OSError:
            pass  # Linux's end of a terminal
        os.close(master)
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert text.count(b"\x1b[H") == 5
    assert b"district  2 |" in text


def test_the_dashboard_in_a_window(display):
    pytest.importorskip("tkinter")
    done = run_there(display, "dashboard", "--window", "--frames", "40", "--people", "500")
    assert (done.returncode, done.stderr) == (0, "")
    assert DAY_40 in done.stdout


def test_the_dashboard_without_tkinter():
    done = run_without("tkinter", "dashboard", "--window")
    assert done.returncode == 1
    assert "this Python has no tkinter" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_dashboard_without_a_display():
    pytest.importorskip("tkinter")
    if sys.platform != "linux":
        pytest.skip("other systems always have a display")
    done = run_without("no_such_module", "dashboard", "--window")
    assert done.returncode == 1
    assert "no window can be opened here" in done.stderr
    assert "Traceback" not in done.stderr
