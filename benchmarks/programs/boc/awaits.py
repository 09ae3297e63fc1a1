"""Many awaits in asyncio at the same time, above what their behaviors cost."""

import asyncio
import json
import sys
from statistics import median
from time import perf_counter, sleep

from bocpy import quiesce, start, wait, when

ROUNDS = 9
LATENCIES = 200
PAUSE = 0.002


def schedule(n):
    """Behaviors that do nothing."""
    return [when()(lambda: None) for _ in range(n)]


def bare(n):
    """Microseconds for a behavior that nobody awaits."""
    began = perf_counter()
    results = schedule(n)
    quiesce()
    seconds = perf_counter() - began
    del results
    return 1e6 * seconds / n


async def gathered(n):
    """The same, all results awaited at once."""
    began = perf_counter()
    await asyncio.gather(*schedule(n))
    return 1e6 * (perf_counter() - began) / n


async def one_by_one(n):
    """The same, one result after the other."""
    began = perf_counter()
    for result in schedule(n):
        await result
    return 1e6 * (perf_counter() - began) / n


async def tasks_alone(n):
    """What asyncio takes for that many coroutines that wait for a future each."""
    loop = asyncio.get_running_loop()

    async def waits(future):
        return await future

    began = perf_counter()
    futures = [loop.create_future() for _ in range(n)]
    all_of_them = asyncio.gather(*(waits(future) for future in futures))
    await asyncio.sleep(0)
    for future in futures:
        future.set_result(None)
    await all_of_them
    return 1e6 * (perf_counter() - began) / n


async def latency():
    """Microseconds from the end of a body until its one await goes on."""

    @when()
    def ended():
        sleep(PAUSE)
        return perf_counter()

    then = await ended
    return 1e6 * (perf_counter() - then)


async def measure(n):
    await gathered(n)
    taken = {"bare": [], "gathered": [], "one_by_one": [], "tasks": []}
    for _ in range(ROUNDS):
        taken["bare"].append(bare(n))
        taken["gathered"].append(await gathered(n))
        taken["one_by_one"].append(await one_by_one(n))
        taken["tasks"].append(await tasks_alone(n))
    latencies = [await latency() for _ in range(LATENCIES)]
    return taken, latencies


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    start(worker_count=workers)
    bare(n)
    taken, latencies = asyncio.run(measure(n))
    wait()
    above = [all_of_it - alone for all_of_it, alone in zip(taken["gathered"], taken["bare"])]
    details = {
        "us for a behavior alone": median(taken["bare"]),
        "us above it, awaited one after the other": median(
            all_of_it - alone for all_of_it, alone in zip(taken["one_by_one"], taken["bare"])
        ),
        "us for a task of asyncio that awaits a future": median(taken["tasks"]),
        "us from a body's end to its only await": median(latencies),
    }
    print(json.dumps({"figure": median(above), "details": details}))


if __name__ == "__main__":
    main()
