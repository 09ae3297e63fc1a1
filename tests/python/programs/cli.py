"""A CLI with argparse, logging and configuration."""

import sys
from bocpy import Cown, when, quiesce, wait
import argparse, configparser, logging, logging.config, os, shlex, string, textwrap, warnings, pprint
from collections import ChainMap
from types import SimpleNamespace

LOGGING = {
    "version": 1,
    "formatters": {"short": {"format": "%(levelname)-7s %(name)s %(funcName)s %(lineno)d %(message)s"}},
    "filters": {"secrets": {"()": "__main__.Secrets", "words": ["hunter2"]}},
    "handlers": {
        "out": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "short",
            "filters": ["secrets"],
        }
    },
    "loggers": {"app": {"level": "INFO", "handlers": ["out"], "propagate": False}, "app.db": {"level": "DEBUG"}},
}


class Secrets(logging.Filter):
    def __init__(self, words):
        super().__init__()
        self.words = words

    def filter(self, record):
        message = record.getMessage()
        for word in self.words:
            message = message.replace(word, "***")
        record.msg, record.args = message, ()
        return True


logging.config.dictConfig(LOGGING)
log = logging.getLogger("app")
db = log.getChild("db")


class Config(ChainMap):
    def __getattr__(self, name):
        if name == "maps" or name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def key_value(text):
    key, sep, value = text.partition("=")
    if not sep:
        raise argparse.ArgumentTypeError(f"{text!r} has no '='")
    return key, value


class Verbose(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        namespace.level = {"v": logging.DEBUG, "q": logging.ERROR}[option_string[1]]


def make_parser():
    parser = argparse.ArgumentParser(prog="tool", exit_on_error=False)
    parser.add_argument("-v", "-q", action=Verbose, nargs=0, dest="level", default=logging.INFO)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("set")
    add.add_argument("pairs", nargs="+", type=key_value)
    add.set_defaults(run=set_values)
    show = commands.add_parser("show")
    show.add_argument("--format", choices=["ini", "py"], default="py")
    show.set_defaults(run=show_values)
    return parser


def set_values(config, args):
    for key, value in args.pairs:
        db.debug("set %s to %s", key, value)
        config[key] = value
    return len(args.pairs)


def show_values(config, args):
    if args.format == "py":
        return pprint.pformat(dict(config), width=30)
    ini = configparser.ConfigParser()
    ini["all"] = {k: str(v) for k, v in sorted(config.items())}
    return {s: dict(ini[s]) for s in ini.sections()}


config = Cown(Config({}, {"user": "ann", "path": string.Template("$user/x").substitute(user="bob")}))
results = []
for line in [
    "set a=1 b='2 3'",
    "-v set password=hunter2",
    "show",
    "show --format ini",
    "set nothing",
    "fly",
    "-q show --format xml",
]:

    @when(config)
    def result(config):
        try:
            args = make_parser().parse_args(shlex.split(line))
        except (argparse.ArgumentError, SystemExit) as error:
            log.warning("wrong: %s", str(error).splitlines()[0][:40])
            return type(error).__name__
        log.info("%s at %d", args.command, args.level)
        if args.level < 20:
            log.debug("not shown")
        return args.run(config.value, args)

    results.append(result)


@when(config)
def uses(config):
    try:
        config.value.nothing
    except AttributeError as e:
        log.exception("no such %s", "thing") if False else log.error("no such thing: %s", e)
    warnings.warn("old", DeprecationWarning)
    print(textwrap.fill("printed from a behavior " * 3, 30))
    return config.value.a, config.value.user


quiesce()
for r in results:
    print(r.unwrap())
print(uses.unwrap())
c = config.unwrap()
print(type(c).__name__, c.user, c.maps[0], c.new_child({"user": "x"}).user)
wait()
