"""A text game: enums, match statements, classes as patterns, closures as state."""

import sys
from bocpy import Cown, when, quiesce, wait
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto, unique, StrEnum


@unique
class Direction(Enum):
    NORTH = (0, 1)
    SOUTH = (0, -1)
    EAST = (1, 0)
    WEST = (-1, 0)

    def __init__(self, dx, dy):
        self.dx, self.dy = dx, dy

    @property
    def opposite(self):
        return Direction((-self.dx, -self.dy))

    @classmethod
    def _missing_(cls, value):
        for d in cls:
            if isinstance(value, str) and d.name.startswith(value.upper()):
                return d


class Level(IntEnum):
    LOW = 1
    HIGH = 10


class Color(StrEnum):
    RED = auto()


@dataclass
class Move:
    direction: Direction


@dataclass
class Take:
    what: str
    count: int = 1


class Say:
    __match_args__ = ("text",)

    def __init__(self, text):
        self.text = text


class Dead(Exception):
    pass


@dataclass
class Player:
    x: int = 0
    y: int = 0
    bag: dict = field(default_factory=dict)
    level: Level = Level.LOW
    said: list = field(default_factory=list)


def parse(line):
    match line.split():
        case ["go", where] | [("n" | "s" | "e" | "w") as where]:
            return Move(Direction(where))
        case ["take", what]:
            return Take(what)
        case ["take", count, what] if count.isdigit():
            return Take(what, int(count))
        case ["say", *words]:
            return Say(" ".join(words))
        case []:
            return None
        case _:
            raise ValueError(f"what is {line!r}?")


def counter():
    turns = 0

    def turn():
        nonlocal turns
        turns += 1
        return turns

    return turn


def play(player, command):
    match command:
        case Move(Direction.NORTH):
            player.y += 1
        case Move(direction=Direction(dx=dx, dy=dy)):
            player.x, player.y = player.x + dx, player.y + dy
        case Take(what, count=n) if n > 5:
            raise Dead(f"{n} {what}s are too heavy", player.level)
        case Take("sword"):
            player.level = Level.HIGH
        case Take(what, n):
            player.bag[what] = player.bag.get(what, 0) + n
        case Say(text):
            player.said.append(text)
        case None:
            return "idle"
    match player:
        case Player(bag={"apple": n, **rest}, level=Level.HIGH) if n > 1:
            return f"strong with {n} apples and {rest}"
        case Player(x=0, y=0):
            return "home"
        case Player(level=level):
            return f"somewhere, {level!r} {level:d} {level > 5}"


player = Cown(Player())
game = Cown((counter(), []))
results = []
for line in [
    "n",
    "go s",
    "go w",
    "take apple",
    "take 3 apple",
    "take sword",
    "say hi there",
    "",
    "take 9 stone",
    "jump",
    "go x",
    "go east",
]:

    @when(player, game)
    def outcome(player, game):
        turn, log = game.value
        log.append((turn(), line))
        return play(player.value, parse(line))

    results.append(outcome)
quiesce()
for r in results:
    try:
        print(r.unwrap())
    except Exception as e:
        print(type(e).__name__, e.args, e.__context__)
p = player.unwrap()
print(p, p.level is Level.HIGH, Direction.NORTH.opposite is Direction.SOUTH, Direction("e"))
turn, log = game.unwrap()
print(log[-1], turn(), turn())
c = Cown([Color.RED, Level.LOW, Direction.EAST, {Direction.WEST: Color}])


@when(c)
def same(c):
    r, l, e, d = c.value
    return (
        r is Color.RED,
        r == "red",
        l is Level.LOW,
        e is Direction.EAST,
        d[Direction.WEST] is Color,
        list(Direction),
        f"{r}",
        Color("red") is r,
    )


quiesce()
print(same.unwrap())
wait()
