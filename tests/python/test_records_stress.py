"""Random programs with records, against the same in plain Python objects."""

import random
import struct
import threading
from typing import Annotated

from bocpy import Cown, quiesce, read, receive, record, send, start, wait, when
from support import pytest


@record(order=True)
class Account:
    balance: int = 0
    rate: float = 1.0
    moves: Annotated[int, "I"] = 0
    owner: Annotated[bytes, 12] = b""
    open: bool = True
    small: Annotated[int, "b"] = 0
    narrow: Annotated[float, "f"] = 0.0
    phase: complex = 0j


DEFAULTS = {
    "balance": 0,
    "rate": 1.0,
    "moves": 0,
    "owner": b"",
    "open": True,
    "small": 0,
    "narrow": 0.0,
    "phase": 0j,
}


def random_value(rng, name):
    """A value for a field, what the field then holds, and whether it takes it."""
    if name == "balance":
        value = rng.choice([rng.randrange(-(2**63), 2**63), 2**63, -(2**63) - 1, 5, None, 1.5])
        return value, value, type(value) is int and -(2**63) <= value < 2**63
    if name == "rate":
        value = rng.choice([rng.uniform(-1e9, 1e9), float("inf"), 7, "x", None])
        return value, value, isinstance(value, (int, float))
    if name == "moves":
        value = rng.choice([0, 2**32 - 1, 2**32, -1, rng.randrange(2**32), b"1"])
        return value, value, type(value) is int and 0 <= value < 2**32
    if name == "owner":
        value = rng.choice([rng.randbytes(rng.randrange(14)), b"", "text"])
        return value, value.rstrip(b"\0") if type(value) is bytes else None, type(value) is bytes and len(value) <= 12
    if name == "open":
        value = rng.choice([True, False, 0, 1, 2, None])
        return value, bool(value), value in (0, 1)
    if name == "small":
        value = rng.choice([-128, 127, 128, -129, rng.randrange(-128, 128)])
        return value, value, -128 <= value <= 127
    if name == "narrow":
        value = rng.choice([rng.uniform(-1e6, 1e6), 1e39, -1e300, 2])
        fits = abs(value) < 3.5e38
        return value, struct.unpack("f", struct.pack("f", value))[0] if fits else None, fits
    value = rng.choice([complex(rng.random(), rng.random()), 1, 2.5, "j"])
    return value, value, not isinstance(value, str)


@pytest.mark.parametrize("seed", range(5))
def test_random_assignments(seed):
    rng = random.Random(f"assign {seed}")
    accounts, models = [Account() for _ in range(5)], [dict(DEFAULTS) for _ in range(5)]
    for _ in range(4000):
        place = rng.randrange(5)
        account, model = accounts[place], models[place]
        action = rng.random()
        if action < 0.8:
            name = rng.choice(list(DEFAULTS))
            value, held, fits = random_value(rng, name)
            try:
                setattr(account, name, value)
            except (struct.error, OverflowError) as error:
                assert not fits and f"'{name}'" in str(error)
            else:
                assert fits
                model[name] = held
            assert getattr(account, name) == model[name]
        elif action < 0.85:
            other = rng.randrange(5)
            accounts[other], models[other] = account.copy(), dict(model)
        elif action < 0.95:
            changes = {name: random_value(rng, name) for name in rng.sample(list(DEFAULTS), 3)}
            good = {name: value for name, (value, _, fits) in changes.items() if fits}
            if len(good) < 3:
                with pytest.raises((struct.error, OverflowError)):
                    account.replace(**{name: value for name, (value, _, _) in changes.items()})
            accounts[place] = account.replace(**good)
            model.update({name: held for name, (_, held, fits) in changes.items() if fits})
        else:
            accounts[place] = Account(*account.astuple())
        assert accounts[place].asdict() == model
        assert (accounts[0] == accounts[1]) == (models[0] == models[1])
    assert [account.asdict() for account in accounts] == models


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_random_programs(seed, workers):
    """Records move between cowns, results, messages and captures, are read, copied and changed; the model is dicts."""
    rng = random.Random(f"programs {seed} {workers}")
    count = 6
    cowns = [Cown(Account(balance=n)) for n in range(count)]
    model = [{"balance": n, "moves": 0, "owner": b""} for n in range(count)]
    checks = []
    messages = 0
    start(workers)
    for number in range(300):
        action = rng.choice(["swap", "transfer", "replace", "read", "result", "message", "capture", "raise", "peek"])
        i, j = rng.sample(range(count), 2)
        a, b = cowns[i], cowns[j]
        if action == "swap":

            @when(a, b)
            def _(a, b):
                a.value, b.value = b.value, a.value

            model[i], model[j] = model[j], model[i]
        elif action == "transfer":

            @when(a, b)
            def _(a, b, number=number):
                one, other = a.value, b.value
                one.balance -= number
                other.balance += number
                one.moves += 1
                other.owner = b"%d" % number

            model[i]["balance"] -= number
            model[j]["balance"] += number
            model[i]["moves"] += 1
            model[j]["owner"] = b"%d" % number
        elif action == "replace":

            @when(a, b)
            def _(a, b):
                a.value = b.value.copy()

            model[i] = dict(model[j])
        elif action == "read":

            @when(read(a), read(b))
            def seen(a, b):
                return a.value.balance, b.value.moves, a.value.owner

            checks.append((seen, (model[i]["balance"], model[j]["moves"], model[i]["owner"])))
        elif action == "result":

            @when(a)
            def kept(a):
                return a.value

            @when(kept, b)
            def _(kept, b):
                kept.value.balance += 1
                b.value = kept.value

            model[j] = dict(model[i])
            model[j]["balance"] += 1
        elif action == "message":

            @when(a)
            def _(a, number=number):
                send(f"m{number}", a.value.copy())

            tag, found = receive(f"m{number}", 60)
            assert type(found) is Account and found.balance == model[i]["balance"]
            messages += 1
        elif action == "capture":
            new = Account(balance=number)

            @when(a)
            def _(a, new=new):
                new.moves = a.value.moves
                a.value = new

            model[i] = {"balance": number, "moves": model[i]["moves"], "owner": b""}
            with pytest.raises(RuntimeError, match="Account has been moved"):
                new.balance += 1
        elif action == "raise":

            @when(a)
            def failed(a):
                a.value.moves += 1
                a.value.moves = -1

            @when(failed)
            def told(failed):
                return failed.exception, type(failed.value).__name__

            checks.append((told, (True, "error")))
            model[i]["moves"] += 1
        else:
            assert a.get().balance == model[i]["balance"]
    quiesce(60)
    assert [result.unwrap() for result, _ in checks] == [expected for _, expected in checks]
    wait()
    found = [c.value for c in cowns]
    assert all(type(account) is Account for account in found)
    assert [{name: getattr(account, name) for name in ("balance", "moves", "owner")} for account in found] == model


def test_many_records_in_many_values():
    start(3)
    rng = random.Random(9)
    cowns = [Cown({n: [Account(balance=n), (Account(balance=-n),)] for n in range(20)}) for _ in range(10)]
    for _ in range(200):
        a, b = rng.sample(cowns, 2)

        @when(a, b)
        def _(a, b, n=rng.randrange(20)):  # noqa: B008
            a.value[n], b.value[n] = b.value[n], a.value[n]
            a.value[n][0].balance += 1
            b.value[n][1][0].balance -= 1

    wait()
    total = sum(pair[0].balance for c in cowns for pair in c.value.values())
    other = sum(pair[1][0].balance for c in cowns for pair in c.value.values())
    assert (total, other) == (10 * sum(range(20)) + 200, -10 * sum(range(20)) - 200)


def test_threads_and_behaviors_at_once():
    """Threads of the program make records, send them on, and take them back, while behaviors work on others."""
    start(2)
    shared = Cown(Account())
    errors = []

    def work(number):
        try:
            mine = Account(owner=b"%d" % number)
            for n in range(100):
                mine.balance += 1
                c = Cown(mine)

                @when(c, shared)
                def _(c, shared):
                    c.value.moves += 1
                    shared.value.balance += 1

                mine = c.get().copy()
                assert mine.moves == mine.balance == n + 1 and mine.owner == b"%d" % number
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait()
    assert errors == [] and shared.value.balance == 400
