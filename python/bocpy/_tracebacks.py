"""Moving tracebacks between interpreters.

A traceback is made of frames that do nothing but raise, at the same places of the same files, as by the library tblib.
"""

import itertools
from types import TracebackType

__all__ = ["frames_of", "traceback_of"]


def frames_of(traceback):
    """What a traceback shows: for each frame its file, names, module and place in the source."""
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        place = next(itertools.islice(code.co_positions(), traceback.tb_lasti // 2, None), (None,) * 4)
        if None in place:
            place = (traceback.tb_lineno, None, None, None)
        module = traceback.tb_frame.f_globals.get("__name__")
        module = module if isinstance(module, str) else None
        frames.append((code.co_filename, code.co_name, code.co_qualname, module, place))
        traceback = traceback.tb_next
    return frames


def traceback_of(frames):
    """Returns a traceback that shows those frames."""
    traceback = None
    for frame in reversed(frames):
        traceback = _step(frame, traceback)
    return traceback


class _Step(Exception):
    """What the frames of a traceback raise."""


# By what it is to show. Tracebacks have few frames, and recursion has the same ones again and again.
_codes = {}


def _step(frame, below):
    filename, _, _, module, place = frame
    code = _codes.get(frame)
    if code is None:
        if len(_codes) >= 1000:
            _codes.clear()
        code = _codes[frame] = _raising(*frame)
    try:
        exec(code, {"__name__": module, "__file__": filename, "__builtins__": {}, "step": _Step})
    except _Step as step:
        own = step.__traceback__.tb_next
        return TracebackType(below, own.tb_frame, own.tb_lasti, place[0])


def _raising(filename, name, qualname, module, place):
    """Code that raises a `_Step`, with that name, and at that place."""
    line, last_line, column, last_column = place
    code = compile("raise step", filename, "exec")
    # The table of places, as CPython's InternalDocs/code_objects.md has it: an entry for up to eight instructions, with
    # its kind, and what follows from that.
    if column is None:
        kind, rest = 13, [0]
    else:
        kind, rest = 14, [0, *_varint(last_line - line), *_varint(column + 1), *_varint(last_column + 1)]
    count = len(code.co_code) // 2
    lengths = [min(8, count - start) for start in range(0, count, 8)]
    table = b"".join(bytes([0x80 | kind << 3 | length - 1, *rest]) for length in lengths)
    return code.replace(co_name=name, co_qualname=qualname, co_firstlineno=line, co_linetable=table)


def _varint(number):
    """Six bits in each byte, the lowest first; all but the last have the next bit set."""
    while number > 63:
        yield 64 | number & 63
        number >>= 6
    yield number
