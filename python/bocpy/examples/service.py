"""A small web service that answers from behaviors, beside the same service on threads with locks.

The server is asyncio of the standard library and speaks HTTP. It only reads requests and writes answers. The work is
done by behaviors, on other cores, and the server awaits their results: `await cown` lets all other requests go on.

    GET  /queens?size=6                          in how many ways do queens fit on a board: a few milliseconds of work
    GET  /balance?account=3                      read a cown
    POST /transfer?source=0&target=1&amount=50   change two cowns together
    GET  /total                                  read all accounts together, at one moment
    POST /games?steps=200                        start a game of life; each step is a behavior
    GET  /progress?game=0                        how far it is: `peek` looks past all the steps that still wait

If a behavior raises, as a transfer does that the source cannot pay, the answer has status 500 and the message.

By default this starts the server twice, once on behaviors and once on threads, sends it the same requests over some
connections, checks all answers, and compares. With `--serve` it serves until Ctrl-C:

    curl 'http://127.0.0.1:8000/queens?size=6'
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl

from bocpy import Cown, read, start, wait, when
from bocpy.examples._common import add_workers, at_least, command_line, counted, say, verdict

ACCOUNTS = 20
OPENING_BALANCE = 100
WAYS = {5: 10, 6: 4, 7: 40}  # to put so many queens on a board: what the client checks
LARGEST_BOARD = 9
SIDE = 24  # of the board of life
STEPS = 60  # of a game of the client
MOST_STEPS = 10_000
LIMIT = 16 * 1024  # bytes of a request's head, and of its body
Answer = dict[str, Any]


# -- the work


def ways_of_queens(size: int, columns: tuple[int, ...] = ()) -> int:
    """In how many ways as many queens as a board has rows fit on it, given those of the first rows."""
    row = len(columns)
    if row == size:
        return 1
    free = (
        column
        for column in range(size)
        if all(column != other and abs(column - other) != row - r for r, other in enumerate(columns))
    )
    return sum(ways_of_queens(size, (*columns, column)) for column in free)


@dataclass
class Game:
    """A game of life on a board without edges."""

    steps: int
    done: int = 0
    alive: set[tuple[int, int]] = field(
        default_factory=lambda: {(x, y) for x in range(SIDE) for y in (0, x, 2 * x % SIDE)}
    )

    def step(self) -> None:
        """Let one generation pass."""
        neighbours: dict[tuple[int, int], int] = {}
        for x, y in self.alive:
            for dx, dy in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
                cell = ((x + dx) % SIDE, (y + dy) % SIDE)
                neighbours[cell] = neighbours.get(cell, 0) + 1
        self.alive = {cell for cell, near in neighbours.items() if near == 3 or (near == 2 and cell in self.alive)}
        self.done += 1

    def report(self) -> Answer:
        """What the service tells of it."""
        return {"done": self.done, "steps": self.steps, "alive": len(self.alive)}


class Overdrawn(Exception):
    """An account has less than it was to pay."""


# -- two ways to do it


class Service(Protocol):
    """What the server needs."""

    accounts: list[Any]
    games: list[Any]

    async def queens(self, size: int) -> Answer: ...
    async def balance(self, account: int) -> Answer: ...
    async def transfer(self, source: int, target: int, amount: int) -> Answer: ...
    async def total(self) -> Answer: ...
    async def new_game(self, steps: int) -> Answer: ...
    async def progress(self, game: int) -> Answer: ...
    def close(self) -> None: ...


class OnBehaviors:
    """State in cowns, work in behaviors. No lock."""

    def __init__(self, workers: int) -> None:
        start(workers)
        self.accounts = [Cown(OPENING_BALANCE) for _ in range(ACCOUNTS)]
        self.games: list[Cown[Game]] = []

    async def queens(self, size: int) -> Answer:
        @when()
        def ways() -> int:
            return ways_of_queens(size)

        return {"size": size, "ways": await ways}

    async def balance(self, account: int) -> Answer:
        return {"account": account, "balance": await self.accounts[account]}

    async def transfer(self, source: int, target: int, amount: int) -> Answer:
        @when(self.accounts[source], self.accounts[target])
        def left(payer: Cown[int], payee: Cown[int]) -> int:
            if payer.value < amount:
                raise Overdrawn(f"account {source} has only {payer.value}")
            payer.value -= amount
            payee.value += amount
            return payer.value

        return {"account": source, "balance": await left}

    async def total(self) -> Answer:
        @when(read(self.accounts))
        def total(accounts: list[Cown[int]]) -> int:
            return sum(account.value for account in accounts)

        return {"total": await total}

    async def new_game(self, steps: int) -> Answer:
        game = Cown(Game(steps))
        self.games.append(game)
        number = len(self.games) - 1
        for _ in range(steps):

            @when(game)
            def _(game: Cown[Game]) -> None:
                game.value.step()

        return {"game": number}

    async def progress(self, game: int) -> Answer:
        # `await` would wait for all the steps. `peek` waits only for the one that runs, but it does wait: in a thread.
        seen = await asyncio.get_running_loop().run_in_executor(None, self.games[game].peek)
        return seen.report()

    def close(self) -> None:
        wait()


class OnThreads:
    """The same by hand: a pool of threads, and a lock for each account and each game."""

    def __init__(self, workers: int) -> None:
        self.pool = ThreadPoolExecutor(workers)
        self.accounts = [[OPENING_BALANCE] for _ in range(ACCOUNTS)]
        self.locks = [threading.Lock() for _ in range(ACCOUNTS)]
        self.games: list[Game] = []
        self.game_locks: list[threading.Lock] = []

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.pool, function, *arguments)

    async def queens(self, size: int) -> Answer:
        return {"size": size, "ways": await self.run(ways_of_queens, size)}

    async def balance(self, account: int) -> Answer:
        return {"account": account, "balance": await self.run(self._balance, account)}

    def _balance(self, account: int) -> int:
        with self.locks[account]:
            return self.accounts[account][0]

    async def transfer(self, source: int, target: int, amount: int) -> Answer:
        return {"account": source, "balance": await self.run(self._transfer, source, target, amount)}

    def _transfer(self, source: int, target: int, amount: int) -> int:
        with ExitStack() as held:
            # In the order of the numbers: in the order of the arguments, two transfers could wait for each other.
            for account in sorted({source, target}):
                held.enter_context(self.locks[account])
            payer, payee = self.accounts[source], self.accounts[target]
            if payer[0] < amount:
                raise Overdrawn(f"account {source} has only {payer[0]}")
            payer[0] -= amount
            payee[0] += amount
            return payer[0]

    async def total(self) -> Answer:
        return {"total": await self.run(self._total)}

    def _total(self) -> int:
        with ExitStack() as held:
            for lock in self.locks:
                held.enter_context(lock)
            return sum(balance for (balance,) in self.accounts)

    async def new_game(self, steps: int) -> Answer:
        self.games.append(Game(steps))
        self.game_locks.append(threading.Lock())
        number = len(self.games) - 1
        for _ in range(steps):
            self.pool.submit(self._step, number)
        return {"game": number}

    def _step(self, game: int) -> None:
        with self.game_locks[game]:
            self.games[game].step()

    async def progress(self, game: int) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(None, self._progress, game)

    def _progress(self, game: int) -> Answer:
        with self.game_locks[game]:
            return self.games[game].report()

    def close(self) -> None:
        self.pool.shutdown()


# -- the server


class Refused(Exception):
    """A request that cannot be answered."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


# Of each kind of request: the method of the service, and its parameters with the least and the largest number.
ROUTES = {
    ("GET", "/queens"): ("queens", {"size": (1, LARGEST_BOARD)}),
    ("GET", "/balance"): ("balance", {"account": (0, sys.maxsize)}),
    ("POST", "/transfer"): (
        "transfer",
        {"source": (0, sys.maxsize), "target": (0, sys.maxsize), "amount": (1, sys.maxsize)},
    ),
    ("GET", "/total"): ("total", {}),
    ("POST", "/games"): ("new_game", {"steps": (0, MOST_STEPS)}),
    ("GET", "/progress"): ("progress", {"game": (0, sys.maxsize)}),
}


async def answer(service: Service, method: str, target: str) -> tuple[HTTPStatus, Answer]:
    """The status and the answer to one request."""
    try:
        path, _, query = target.partition("?")
        if (method, path) not in ROUTES:
            known = ", ".join(" ".join(route) for route in ROUTES)
            raise Refused(HTTPStatus.NOT_FOUND, f"there is no {method} {path}, only {known}")
        name, wanted = ROUTES[method, path]
        given = dict(parse_qsl(query))
        numbers = {parameter: number(given, parameter, *limits) for parameter, limits in wanted.items()}
        for parameter, value in numbers.items():
            what = {"source": "account", "target": "account"}.get(parameter, parameter)
            those = {"account": service.accounts, "game": service.games}.get(what)
            if those is not None and value >= len(those):
                raise Refused(HTTPStatus.NOT_FOUND, f"there is no {what} {value}")
        return HTTPStatus.OK, await getattr(service, name)(**numbers)
    except Refused as refused:
        return refused.status, {"error": str(refused)}
    except Exception as error:  # what a behavior has raised
        return HTTPStatus.INTERNAL_SERVER_ERROR, {"error": f"{type(error).__name__}: {error}"}


def number(given: dict[str, str], parameter: str, least: int, most: int) -> int:
    """One parameter of a request."""
    text = given.get(parameter, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        limits = f"from {least}" if most == sys.maxsize else f"from {least} to {most}"
        raise Refused(HTTPStatus.BAD_REQUEST, f"{parameter} must be a whole number {limits}, and is {text!r}")
    return int(text)


async def converse(service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection, one after the other, until the client has no more."""
    try:
        goes_on = True
        while goes_on:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break  # the client is done
            except asyncio.LimitOverrunError:
                status, content = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, {"error": "too long"}
                goes_on = False
            else:
                method, target, headers = parsed(head)
                goes_on = headers.get("connection", "").lower() != "close"
                length = body_length(headers)
                if not method or length is None:
                    status, content, goes_on = HTTPStatus.BAD_REQUEST, {"error": "this is not understood"}, False
                else:
                    await reader.readexactly(length)  # no request here needs its body
                    status, content = await answer(service, method, target)
            writer.write(response(status, content, goes_on))
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass  # the client has gone, or the server ends
    finally:
        writer.close()


def body_length(headers: dict[str, str]) -> int | None:
    """How many bytes of body follow; None if that is not understood, or too much."""
    text = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return int(text) if int(text) <= LIMIT else None


def parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    """The method, the target and the headers of a request; no method if it is none."""
    first, *rest = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return "", "", {}
    pairs = (line.partition(":") for line in rest if line)
    return words[0], words[1], {name.strip().lower(): value.strip() for name, _, value in pairs}


def response(status: HTTPStatus, content: Answer, goes_on: bool) -> bytes:
    """An answer as it is sent."""
    body = json.dumps(content).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Connection: {'keep-alive' if goes_on else 'close'}",
    )
    return "\r\n".join((*head, "", "")).encode() + body


async def open_server(service: Service, port: int) -> tuple[asyncio.AbstractServer, int]:
    """Start the server; with its port, which is a free one for 0."""

    async def converse_with(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await converse(service, reader, writer)

    server = await asyncio.start_server(converse_with, "127.0.0.1", port, limit=LIMIT)
    return server, server.sockets[0].getsockname()[1]


async def serve(service: Service, port: int) -> None:
    """Serve until Ctrl-C."""
    ended = asyncio.Event()
    # Before Python 3.11, Ctrl-C may be raised in any task, which then reports it. Windows has no such handlers.
    with suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
    server, port = await open_server(service, port)
    say(f"serving at http://127.0.0.1:{port}; Ctrl-C ends it")
    try:
        # Not `serve_forever`: from Python 3.12 on that does not end before all clients have gone.
        await ended.wait()
    finally:
        server.close()


# -- the client


class Connection:
    """A client's connection, over which it sends one request after another."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.seconds: list[float] = []  # that each answer took
        self.wrong: list[str] = []

    async def __aenter__(self) -> Connection:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def ask(self, method: str, target: str) -> tuple[int, Answer]:
        """Send a request and wait for the answer."""
        began = time.perf_counter()
        self.writer.write(f"{method} {target} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length:")[2].split()[0])
        body = json.loads(await self.reader.readexactly(length))
        self.seconds.append(time.perf_counter() - began)
        return int(head.split()[1]), body

    async def check(self, method: str, target: str, right: Callable[[int, Answer], bool]) -> Answer:
        """The same, for an answer of which something is known."""
        status, body = await self.ask(method, target)
        if not right(status, body):
            self.wrong.append(f"{method} {target}: {status} {body}")
        return body

    async def send_many(self, requests: int, seed: int) -> None:
        """Ask for this and that, most often for what needs work."""
        chance = random.Random(seed)
        for _ in range(requests):
            kind = chance.choices(["queens", "transfer", "balance", "total"], [6, 2, 1, 1])[0]
            if kind == "queens":
                size = chance.choice(list(WAYS))
                await self.check("GET", f"/queens?size={size}", lambda status, body: body.get("ways") == WAYS[size])
            elif kind == "transfer":
                source, target = chance.sample(range(ACCOUNTS), 2)
                await self.check(
                    "POST", f"/transfer?source={source}&target={target}&amount={chance.randint(1, 80)}", paid_or_refused
                )
            elif kind == "balance":
                account = chance.randrange(ACCOUNTS)
                await self.check(
                    "GET", f"/balance?account={account}", lambda status, body: body.get("balance", -1) >= 0
                )
            else:
                await self.check("GET", "/total", total_is_right)

    async def play(self) -> None:
        """Start a game of life and watch it until it has ended."""
        game = (await self.check("POST", f"/games?steps={STEPS}", lambda status, body: status == 200))["game"]
        done = 0
        while done < STEPS:
            body = await self.check("GET", f"/progress?game={game}", lambda status, body: body.get("done", -1) >= done)
            done = body.get("done", STEPS)
            await asyncio.sleep(0.02)
        plain = Game(STEPS)
        for _ in range(STEPS):
            plain.step()
        await self.check("GET", f"/progress?game={game}", lambda status, body: body == plain.report())


def paid_or_refused(status: int, body: Answer) -> bool:
    return (status == 200 and body["balance"] >= 0) or (status == 500 and "Overdrawn: account" in body["error"])


def total_is_right(status: int, body: Answer) -> bool:
    return (status, body.get("total")) == (200, ACCOUNTS * OPENING_BALANCE)


@dataclass
class Measured:
    """What the client has seen of one server."""

    per_second: float
    is_right: bool


async def measure(service: Service, what: str, options: argparse.Namespace) -> Measured:
    """Start a server, send it all the requests, and tell how it did."""
    server, port = await open_server(service, 0)
    # All workers and threads have done each kind of work before the clock starts, and imported what they need for it.
    first = [("GET", f"/queens?size={LARGEST_BOARD - 1}")] * 4 * options.workers
    first += [("POST", "/transfer?source=0&target=1&amount=1"), ("GET", "/balance?account=0"), ("GET", "/total")]
    first += [("POST", "/games?steps=1"), ("GET", "/progress?game=0")]
    for _ in range(2):
        await asyncio.gather(*(answer(service, *request) for request in first))

    connections = [Connection(port) for _ in range(options.connections + 1)]
    for connection in connections:
        await connection.__aenter__()
    began = time.perf_counter()
    share, more = divmod(options.requests, options.connections)
    await asyncio.gather(
        connections[-1].play(),
        *(
            connection.send_many(share + (seed < more), seed)
            for seed, connection in enumerate(connections[: options.connections])
        ),
    )
    seconds = time.perf_counter() - began
    await connections[0].check("GET", "/total", total_is_right)
    for connection in connections:
        await connection.__aexit__()
    server.close()
    await server.wait_closed()

    times = sorted(second for connection in connections[:-1] for second in connection.seconds)
    wrong = [line for connection in connections for line in connection.wrong]
    per_second = options.requests / seconds
    say(f"{what}:")
    say(
        f"  {per_second:,.0f} requests per second "
        f"({options.requests} in {seconds:.2f} s, and a game of life beside them)"
    )
    say(
        f"  half of the answers came within {1000 * times[len(times) // 2]:.1f} ms, 95 of 100 within "
        f"{1000 * times[len(times) * 95 // 100]:.1f} ms; the slowest took {1000 * times[-1]:.1f} ms"
    )
    for line in wrong[:5]:
        say(f"  WRONG: {line}")
    return Measured(per_second, not wrong)


# -- the program


def main(argv: list[str] | None = None) -> int:
    """Serve, or measure and compare."""
    parser = command_line(__doc__)
    parser.add_argument("--serve", type=port_number, metavar="PORT", help="serve until Ctrl-C; 0 takes a free port")
    parser.add_argument("--threads", action="store_true", help="only on threads with locks, without behaviors")
    parser.add_argument(
        "--requests",
        type=at_least(1),
        default=600,
        metavar="N",
        help="requests that the client sends (default: %(default)s)",
    )
    parser.add_argument(
        "--connections", type=at_least(1), default=10, metavar="N", help="at the same time (default: %(default)s)"
    )
    add_workers(parser)
    options = parser.parse_args(argv)
    if options.serve is not None:
        return run_server(options)
    say(
        f"{counted(options.requests, 'request')} over {counted(options.connections, 'connection')}, "
        f"{counted(options.workers, 'worker')} or threads"
    )
    on_threads = run_client(OnThreads(options.workers), "on threads with locks", options)
    if options.threads:
        return verdict(on_threads.is_right)
    on_behaviors = run_client(OnBehaviors(options.workers), "on behaviors", options)
    return compare(on_behaviors, on_threads)


def port_number(text: str) -> int:
    """A type for ``add_argument``."""
    port = at_least(0)(text)
    if port > 65535:
        raise argparse.ArgumentTypeError(f"{port} is too large: ports end at 65535")
    return port


port_number.__name__ = "whole number"


def run_server(options: argparse.Namespace) -> int:
    service = OnThreads(options.workers) if options.threads else OnBehaviors(options.workers)
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(service, options.serve))
        say("stopped")
    except OSError as error:
        print(f"the server cannot start: {error}", file=sys.stderr)
        return 1
    finally:
        service.close()
    return 0


def run_client(service: Service, what: str, options: argparse.Namespace) -> Measured:
    try:
        return asyncio.run(measure(service, what, options))
    finally:
        service.close()


def compare(on_behaviors: Measured, on_threads: Measured) -> int:
    times = on_behaviors.per_second / on_threads.per_second
    say(f"on behaviors: {times:.1f} times as many requests per second as on threads")
    if times < 1.2:
        say("  (to be faster they need free cores, and workers that do not share one GIL: docs/where-behaviors-run.md)")
    right = on_behaviors.is_right and on_threads.is_right
    say("all answers are right" if right else "WRONG: some answers are not right")
    return verdict(right)


if __name__ == "__main__":
    raise SystemExit(main())
