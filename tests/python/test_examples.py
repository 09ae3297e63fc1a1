"""The examples: each is run as a reader would run it, and has to print the result that it checked."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = [
    "bank",
    "boids",
    "calculator",
    "cooking_boc",
    "cooking_threads",
    "dashboard",
    "dining_philosophers",
    "fibonacci",
    "heat",
    "orderbook",
    "pipeline",
    "prime_factor",
    "primes",
    "service",
    "sketches",
    "word_count",
]


def run(example: str, *arguments: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"bocpy.examples.{example}", *arguments],
        capture_output=True,
        encoding=encoding,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        timeout=120,
    )


def output_of(example: str, *arguments: str, encoding: str = "utf-8") -> str:
    """The output of a successful run."""
    done = run(example, *arguments, encoding=encoding)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES)
def test_help_teaches(example):
    text = output_of(example, "--help")
    assert len(text.splitlines()) > 10
    assert "options:" in text or "optional arguments:" in text


@pytest.mark.parametrize("example", EXAMPLES)
def test_importing_an_example_runs_nothing(example):
    code = f"import bocpy.examples.{example} as example; print(callable(example.main))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_imported_example_runs_as_a_script_does(example, tmp_path):
    """This is what the installed command does: the functions are a module's, not those of ``__main__``."""
    (tmp_path / "some.txt").write_text("some words", encoding="utf-8")
    arguments = {
        "boids": ["--headless", "20"],
        "cooking_boc": ["--minute", "0.001"],
        "cooking_threads": ["--minute", "0.001"],
        "dashboard": ["--frames", "10"],
        "fibonacci": ["10"],
        "heat": ["--size", "60", "--steps", "20"],
        "service": ["--requests", "20"],
        "word_count": [str(tmp_path)],
    }.get(example, [])
    code = f"import sys; from bocpy.examples.{example} import main; sys.exit(main({arguments!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("example", "arguments"),
    [
        ("bank", ["--accounts", "1"]),
        ("bank", ["--transfers", "many"]),
        ("boids", ["--boids", "0"]),
        ("boids", ["--width", "49"]),
        ("boids", ["--headless", "5", "--frames", "5"]),
        ("boids", ["--frames", "5", "--snapshot", "a.png"]),
        ("boids", ["--snapshot", "no such folder/a.png"]),
        ("calculator", ["--patience", "0"]),
        ("dining_philosophers", ["--philosophers", "1"]),
        ("cooking_boc", ["--minute", "0"]),
        ("cooking_threads", ["--cooks", "0"]),
        ("dashboard", ["--districts", "1"]),
        ("dashboard", ["--window", "--headless"]),
        ("fibonacci", ["-1"]),
        ("heat", ["--size", "39"]),
        ("heat", ["--size", "40", "--blocks", "6"]),
        ("heat", ["--picture", "no such folder/a.png"]),
        ("orderbook", ["--orders", "0"]),
        ("orderbook", ["--traders", "1"]),
        ("orderbook", ["--traders", "1001"]),
        ("pipeline", ["--height", "0"]),
        ("prime_factor", ["1"]),
        ("prime_factor", ["1000000000000000000000001"]),
        ("primes", ["--workers", "0"]),
        ("service", ["--serve", "65536"]),
        ("service", ["--serve", "http"]),
        ("service", ["--requests", "0"]),
        ("sketches", ["--seed", "today"]),
        ("word_count", ["no such folder"]),
    ],
)
def test_a_wrong_argument_is_explained(example, arguments):
    done = run(example, *arguments)
    assert done.returncode == 2
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("workers", ["1", "3"])
def test_orderbook_is_the_same_in_every_run(workers):
    lines = output_of("orderbook", "--orders", "600", "--workers", workers).splitlines()
    assert lines[0] == "600 orders of 16 bytes, for 4 stocks, by 8 traders with 1,000,000 each"
    assert [line.split(":")[0] for line in lines[2:6]] == ["  ALFA", "  BETA", "  GAMA", "  DELT"]
    assert lines[2:7] == output_of("orderbook", "--orders", "600", "--workers", "2").splitlines()[2:7]
    assert lines[-2:] == [
        "cash and shares add up to what they were",
        "the result is that of the same orders one after another",
    ]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_bank_keeps_the_total(workers):
    lines = output_of("bank", "--accounts", "5", "--transfers", "400", "--workers", workers).splitlines()
    assert lines[-1] == "total 5000 (as it started)"
    audits = [line for line in lines if "audit:" in line]
    assert len(audits) == 4
    assert all(line.endswith("total 5000") for line in audits)


def test_bank_repeats_itself_for_a_seed():
    def audits(seed: str) -> list[str]:
        lines = output_of("bank", "--transfers", "200", "--seed", seed, "--workers", "2").splitlines()
        return [line for line in lines if "audit:" in line]

    assert audits("7") == audits("7")
    assert audits("7") != audits("8")


def test_bank_with_fewer_transfers_than_audits():
    assert "total 2000 (as it started)" in output_of("bank", "--accounts", "2", "--transfers", "1")


def test_philosophers_all_eat():
    text = output_of("dining_philosophers", "--philosophers", "4", "--hunger", "2", "--workers", "2")
    assert text.count(" eats: ") == 8
    assert "meals eaten by each philosopher: 2 (wanted: 2)" in text
    assert "meals served by each fork: 4 (expected: 4)" in text


def test_two_philosophers_share_both_forks():
    text = output_of("dining_philosophers", "--philosophers", "2", "--hunger", "50", "--workers", "2", "--quiet")
    assert " eats: " not in text
    assert "meals served by each fork: 100 (expected: 100)" in text


@pytest.mark.parametrize(("n", "expected"), [("0", 0), ("1", 1), ("2", 1), ("10", 55), ("20", 6765)])
def test_fibonacci(n, expected):
    text = output_of("fibonacci", n, "--grain", "5", "--workers", "2")
    assert f"fibonacci({n}) = {expected} after" in text
    assert "a simple loop gives the same" in text


@pytest.mark.parametrize(
    ("limit", "segment", "expected"),
    [("1", "10", 0), ("2", "1", 1), ("100", "7", 25), ("1000", "5000", 168), ("1000000", "100000", 78498)],
)
def test_primes(limit, segment, expected):
    text = output_of("primes", "--limit", limit, "--segment", segment, "--workers", "2")
    assert f"\n{expected} primes in " in text
    assert "that is the " in text


@pytest.mark.parametrize("calculators", ["1", "3"])
def test_calculators_answer_all_questions(calculators):
    questions = ["1 + 2", "2 ** 100", "1 / 0", "(", "x", "9 ** 9 ** 9"]
    lines = output_of("calculator", *questions, "--calculators", calculators).splitlines()
    assert "  1 + 2 = 3" in lines
    assert "  2 ** 100 = 1267650600228229401496703205376" in lines
    assert "  1 / 0 = ZeroDivisionError: division by zero" in lines
    assert sum("ValueError" in line for line in lines) == 2
    assert sum("SyntaxError" in line for line in lines) == 1
    stopped = [int(line.split()[-2]) for line in lines if " stops after " in line]
    assert (len(stopped), sum(stopped)) == (int(calculators), len(questions))
    assert "  1 + 1 after hours: nobody is at home" in lines
    assert lines[-1] == "all answers are right"


def test_a_question_is_given_up():
    done = run("calculator", "1 + 2", "--patience", "1e-9", "--calculators", "1")
    # The answer may be there already, which is no fault; if not, the program says so and ends.
    given_up = "1 + 2: given up" in done.stdout
    assert done.returncode == int(given_up)
    assert ("WRONG" in done.stdout) == given_up


@pytest.mark.parametrize("blocks", ["1", "2", "5"])
def test_heat(blocks, tmp_path):
    path = tmp_path / "heat.png"
    text = output_of(
        "heat", "--size", "80", "--steps", "21", "--blocks", blocks, "--workers", "2", "--picture", str(path)
    )
    assert "the results are the same to the last bit" in text and f"over {blocks} block" in text
    assert path.read_bytes().startswith(b"\x89PNG") and int.from_bytes(path.read_bytes()[16:20], "big") == 80


@pytest.mark.parametrize(
    ("number", "factors"),
    [
        ("2", "2"),
        ("1024", " * ".join(["2"] * 10)),
        ("97", "97"),
        ("1681", "41 * 41"),
        (str(41**4), "41 * 41 * 41 * 41"),
        (str((1009 * 2003) ** 2), "1009 * 1009 * 2003 * 2003"),  # twice the same race, if it comes apart in the middle
        (str(1_000_003 * 998_244_353), "1000003 * 998244353"),
    ],
)
@pytest.mark.parametrize("walks", ["1", "3"])
def test_prime_factors(number, factors, walks):
    text = output_of("prime_factor", number, "--walks", walks, "--workers", "2")
    assert f"{number} = {factors}\n" in text
    assert "the product is right, and all factors are prime" in text


def test_walks_stop_early():
    text = output_of("prime_factor", str(1_000_000_007 * 12_345_678_923), "--walks", "5", "--workers", "2")
    assert "1 race, " in text
    assert int(text.splitlines()[-2].split(", ")[-1].split()[0]) > 0


@pytest.mark.parametrize("painters", ["1", "12"])
def test_pipeline_paints_all_rows(painters, tmp_path):
    picture = tmp_path / "picture.pgm"
    text = output_of("pipeline", "--width", "31", "--height", "40", "--painters", painters, "--output", str(picture))
    assert "40 of 40 rows" in text
    assert "the rows that were looked at are right" in text
    head = b"P5 31 40 255\n"
    assert picture.read_bytes().startswith(head)
    assert len(picture.read_bytes()) == len(head) + 31 * 40


@pytest.mark.parametrize("example", ["cooking_boc", "cooking_threads"])
@pytest.mark.parametrize("cooks", ["1", "3"])
def test_dinner_is_complete(example, cooks):
    text = output_of(example, "--cooks", cooks, "--minute", "0.001")
    steps = [line for line in text.splitlines() if " min  " in line]
    assert len(steps) == 12
    assert steps[-1].endswith("serve")
    assert "dinner is complete: all 12 steps, in the right order for every food" in text


def test_sketch_buys_a_meal_without_spam():
    text = output_of("sketches", "--seed", "4", "--stock", "1", "--workers", "2")
    (eaten,) = [line for line in text.splitlines() if line.startswith("eaten: ")]
    assert "spam" not in eaten.lower()
    assert "left for supper: " in text
    assert "all choices were as wanted" in text


def test_sketch_with_nothing_to_be_had():
    text = output_of("sketches", "--exclude", "e", "--stock", "0")
    assert "eaten: nothing; a stomach rumbles" in text
    assert "all choices were as wanted" in text


def test_sketch_repeats_itself_for_a_seed():
    def decisions(seed: str) -> list[str]:
        lines = output_of("sketches", "--seed", seed, "--workers", "2").splitlines()
        # The two errands run at the same time, so only the lines of each one have an order.
        return sorted(lines)

    assert decisions("5") == decisions("5")


@pytest.mark.parametrize("connections", ["1", "7"])
def test_service_is_compared_with_threads(connections):
    text = output_of("service", "--requests", "60", "--connections", connections)
    assert "on threads with locks:\n" in text
    assert "on behaviors:\n" in text
    assert "times as many requests per second" in text
    assert text.endswith("all answers are right\n")


def test_service_on_threads_alone():
    text = output_of("service", "--threads", "--requests", "20", "--workers", "1")
    assert "requests per second" in text
    assert "on behaviors" not in text


@pytest.fixture(params=[(), ("--threads",)], ids=["behaviors", "threads"])
def served(request):
    """The service as it serves, and a connection to it."""
    command = [sys.executable, "-m", "bocpy.examples.service", "--serve", "0", "--workers", "2", *request.param]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    port = int(process.stdout.readline().split(";")[0].rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    yield process, connection
    connection.close()
    process.kill()
    process.communicate()


def ask(connection, method: str, target: str, **headers: str) -> tuple[int, dict]:
    connection.request(method, target, headers=headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_service_answers(served):
    _, connection = served
    assert ask(connection, "GET", "/queens?size=6") == (200, {"size": 6, "ways": 4})
    assert ask(connection, "GET", "/balance?account=3") == (200, {"account": 3, "balance": 100})
    assert ask(connection, "POST", "/transfer?source=3&target=4&amount=30") == (200, {"account": 3, "balance": 70})
    assert ask(connection, "POST", "/transfer?source=4&target=4&amount=130") == (200, {"account": 4, "balance": 130})
    assert ask(connection, "GET", "/total") == (200, {"total": 2000})
    failed = ask(connection, "POST", "/transfer?source=3&target=4&amount=71")
    assert failed == (500, {"error": "Overdrawn: account 3 has only 70"})
    assert ask(connection, "GET", "/balance?account=3") == (200, {"account": 3, "balance": 70})


def test_service_shows_progress(served):
    _, connection = served
    assert ask(connection, "POST", "/games?steps=2000") == (200, {"game": 0})
    seen = [0]
    while seen[-1] < 2000:
        status, body = ask(connection, "GET", "/progress?game=0")
        assert (status, body["steps"]) == (200, 2000)
        seen.append(body["done"])
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("method", "target", "status", "part"),
    [
        ("GET", "/", 404, "there is no GET /, only GET /queens"),
        ("POST", "/queens?size=6", 404, "there is no POST /queens"),
        ("GET", "//[", 404, "there is no GET //["),
        ("GET", "/queens", 400, "size must be a whole number from 1 to 9, and is ''"),
        ("GET", "/queens?size=10", 400, "size must be a whole number from 1 to 9, and is '10'"),
        ("GET", "/queens?size=-1", 400, "size must be"),
        ("GET", "/queens?size=%C2%B2", 400, "size must be"),
        ("GET", "/balance?account=20", 404, "there is no account 20"),
        ("POST", "/transfer?source=1&target=99&amount=1", 404, "there is no account 99"),
        ("GET", "/progress?game=0", 404, "there is no game 0"),
    ],
)
def test_service_refuses(served, method, target, status, part):
    _, connection = served
    answer = ask(connection, method, target)
    assert answer[0] == status
    assert part in answer[1]["error"]
    assert ask(connection, "GET", "/queens?size=5")[0] == 200  # over the same connection


@pytest.mark.parametrize(
    "request_",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: " + 5000 * b"1" + b"\r\n\r\n",
        b"x" * 40_000,
    ],
    ids=["no request", "no length", "a superscript", "very long", "no end"],
)
def test_service_ends_what_is_no_http(served, request_):
    _, connection = served
    connection.connect()
    connection.sock.sendall(request_)
    answer = connection.sock.makefile("rb").read()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    connection.close()
    assert ask(connection, "GET", "/queens?size=5")[0] == 200


def test_service_closes_when_it_is_asked_to(served):
    _, connection = served
    connection.request("GET", "/total", body=b"a body", headers={"Connection": "close"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (200, "close")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_service_ends_by_ctrl_c(served):
    process, connection = served
    assert ask(connection, "GET", "/queens?size=5")[0] == 200  # a connection that stays open
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("stopped\n", "")
    assert process.returncode == 0


def write_texts(folder: Path) -> None:
    """Many small texts, in folders of folders, with 700 words in all."""
    for number in range(100):
        place = folder / f"shelf{number % 3}" / f"row{number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.txt").write_text("The cat, the CAT!\nDon't snake_case 123", encoding="utf-8")
    packages = folder / "site-packages"
    packages.mkdir()
    (packages / "other.txt").write_text("dog", encoding="utf-8")
    (folder / "other.md").write_text("dog", encoding="utf-8")


def frequencies(text: str) -> dict[str, int]:
    """The list of the most frequent words in the output of ``word_count``."""
    rows = [line.split() for line in text.splitlines() if line[:6].strip().endswith(".")]
    return {word: int(number.replace(",", "")) for _, word, number, *_ in rows}


def test_word_count_is_exact(tmp_path):
    write_texts(tmp_path)
    text = output_of("word_count", str(tmp_path), "--rounds", "1")
    assert "100 files, 0.0 MB" in text
    assert "700 words, 5 different ones" in text
    assert frequencies(text) == {"the": 200, "cat": 200, "don't": 100, "snake": 100, "case": 100}
    assert "Both counted exactly the same." in text


def test_word_count_takes_other_files_and_workers(tmp_path):
    write_texts(tmp_path)
    text = output_of("word_count", str(tmp_path), "--glob", "*.md", "--workers", "3", "--rounds", "2", "--top", "1")
    assert "1 file, 0.0 MB" in text
    assert frequencies(text) == {"dog": 1}
    assert "with 3 workers" in text


def test_word_count_on_a_terminal_with_few_characters(tmp_path):
    (tmp_path / "some.txt").write_text("na\u00efve \u65e5\u672c na\u00efve", encoding="utf-8")
    text = output_of("word_count", str(tmp_path), "--rounds", "1", encoding="ascii")
    assert frequencies(text) == {"na\\xefve": 2, "\\u65e5\\u672c": 1}
    assert "####" in text


def test_word_count_reads_what_is_not_utf8(tmp_path):
    (tmp_path / "old.txt").write_bytes(b"caf\xe9 bar")
    (tmp_path / "empty.txt").write_bytes(b"")
    text = output_of("word_count", str(tmp_path), "--rounds", "1")
    assert frequencies(text) == {"caf": 1, "bar": 1}


def test_word_count_of_an_empty_folder_says_so(tmp_path):
    done = run("word_count", str(tmp_path))
    assert done.returncode == 2
    assert "there are no files *.txt" in done.stderr


def test_word_count_does_not_hide_a_file_that_is_gone(tmp_path):
    """Both runs would count the same without it, so that alone must not pass for a success."""
    code = f"""
import sys
from bocpy.examples import word_count

word_count.find_files = lambda *_: [word_count.File(1, {str(tmp_path / "gone.txt")!r})]
sys.exit(word_count.main([{str(tmp_path)!r}, "--rounds", "1"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stderr
    assert "gone.txt" in done.stderr
