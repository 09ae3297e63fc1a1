"""Objects that are a part of a function or class of the program, and that others may refer to as well.

For example a list that is the default of a parameter, and a global. Functions and classes are sent once, and globals
that may change with every behavior that names them. On a worker both mean one object still: where a new copy comes, it
takes the place of the one before in functions and classes, too.
"""

import itertools
from types import CellType, FunctionType, MemberDescriptorType

from . import _core, _sentinels, _worker

__all__ = ["bring", "forget", "learn", "note", "note_items", "reduce_cell", "reduce_global", "share"]

# By number; and the numbers, by `id`. The oldest are forgotten.
_objects = {}
_numbers = {}
# On a worker: the functions, classes and variables that hold them, and how the last copies looked.
_places = {}
_fingerprints = {}
# Numbers of instances that do not have their attributes yet.
_unfilled = set()
_MOST = 4000
_next_number = itertools.count(1)
_CONTAINERS = (list, dict, set, bytearray)
# Most of these cannot have weak references.
_HELD = (CellType, dict, list, set)
_ATOMS = frozenset([type(None), bool, int, float, complex, str, bytes, FunctionType, type])


class _Shared:
    """Pickles as an object that other pickles refer to as well."""

    def __init__(self, thing, number):
        self._parts = thing, number

    def __reduce__(self):
        return learn, self._parts


def share(part):
    """Returns what pickles in the place of a part of a function or class."""
    number = _numbers.get(id(part))
    if number is None and not _worker.is_worker():
        if _sentinels.is_sentinel(part):
            _sentinels.keep(part)
        elif _may_change(part):
            number = next(_next_number)
    if number is None:
        return part
    learn(part, number)
    return _Shared(part, number)


def reduce_global(thing, reduced, is_global):
    """Returns what pickles an instance in a definition, at any depth, as one that a global refers to as well.

    `reduced`: what pickles it otherwise. `is_global`: tells whether a global refers to a thing.
    """
    number = _numbers.get(id(thing))
    if number is None and (
        _worker.is_worker() or not _is_plain(type(thing)) or not is_global(thing) or _sentinels.is_sentinel(thing)
    ):
        return reduced
    if reduced is NotImplemented:
        reduced = thing.__reduce_ex__(5)
    if not isinstance(reduced, tuple) or any(part is not None for part in reduced[3:5]):
        return reduced
    make, arguments, state, _, _, fill = (*reduced, *[None] * (6 - len(reduced)))
    number = next(_next_number) if number is None else number
    learn(thing, number)
    filling = None if state is None else (fill, state)
    return _make, (number, make, arguments), filling, None, None, _fill_instance


def _make(number, make, arguments):
    if number in _objects:
        return _objects[number]
    thing = learn(make(*arguments), number)
    _unfilled.add(number)
    return thing


def _fill_instance(thing, filling):
    number = _numbers.get(id(thing))
    if number not in _unfilled:
        return
    _unfilled.discard(number)
    fill, state = filling
    if fill is not None:
        fill(thing, state)
    elif hasattr(thing, "__setstate__"):
        thing.__setstate__(state)
    else:
        attributes, slots = state if isinstance(state, tuple) else (state, None)
        if attributes:
            vars(thing).update(attributes)
        for name, value in (slots or {}).items():
            object.__setattr__(thing, name, value)


def _may_change(value):
    cls = type(value)
    return cls in _CONTAINERS or _is_plain(cls)


def _is_plain(cls):
    """Whether all that is in an instance is in its attributes."""
    size = object.__basicsize__ + _POINTER * len(_slots(cls))
    return bool(cls.__flags__ & _HEAP_TYPE) and cls.__itemsize__ == 0 and cls.__basicsize__ == size


_HEAP_TYPE = 1 << 9
_POINTER = tuple.__itemsize__


def _slots(cls):
    return [
        member
        for base in cls.__mro__
        for member in list(vars(base).values())
        if isinstance(member, MemberDescriptorType)
    ]


def learn(thing, number):
    """Keeps an object by its number, unless there is one already. Returns the one that there is."""
    if number not in _objects:
        if len(_objects) >= _MOST:
            oldest = next(iter(_objects))
            _forget_one(oldest)
            _places.pop(oldest, None)
        _objects[number] = thing
        _numbers[id(thing)] = number
    _core._share(id(_objects[number]), number)
    return _objects[number]


def _forget_one(number):
    address = id(_objects.pop(number, None))
    _numbers.pop(address, None)
    _fingerprints.pop(number, None)
    _core._share(address, 0)


def note(holder, kind, key, part):
    """Notes that a function or class holds a shared object, if it is one. `kind` and `key`: where."""
    number = _numbers.get(id(part))
    if number is None or not _worker.is_worker():
        return
    if not isinstance(holder, _HELD):
        from weakref import ref

        holder = ref(holder)
    _places.setdefault(number, []).append((holder, kind, key))


def note_items(part):
    """Notes that the containers and instances in a part of a function or class hold shared objects, if they do."""
    seen = set()
    rest = [part] if _numbers else []
    while rest:
        part = rest.pop()
        if type(part) in _ATOMS or id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            items, kind = list(part.items()), "item"
        elif isinstance(part, list):
            items, kind = list(enumerate(part)), "item"
        elif isinstance(part, set):
            items, kind = [(None, element) for element in part], "element"
        elif isinstance(part, (tuple, frozenset)):
            rest.extend(part)  # nothing in it can be replaced
            continue
        else:
            if _is_plain(type(part)) and hasattr(part, "__dict__"):
                rest.append(vars(part))
            continue
        for key, value in items:
            note(part, kind, key, value)
            rest.append(value)


def bring(new, number, fingerprint):
    """Returns the object of that number, for a new copy of it that a behavior has brought.

    If the copy is as the last one was, that is the object that is there. Otherwise the copy takes its place, also in
    functions and classes. `fingerprint`: of the copy; 0 if there is none.
    """
    before = learn(new, number)
    if before is new or (fingerprint and _fingerprints.get(number) == fingerprint):
        _fingerprints[number] = fingerprint
        return before
    for holder, kind, key in _places.get(number, ()):
        holder = holder if isinstance(holder, _HELD) else holder()
        if holder is not None:
            _REPLACE[kind](holder, key, before, new)
    _forget_one(number)
    _fingerprints[number] = fingerprint
    return learn(new, number)


def _replace_default(function, place, before, new):
    defaults = list(function.__defaults__ or ())
    if place < len(defaults) and defaults[place] is before:
        defaults[place] = new
        function.__defaults__ = tuple(defaults)


def _replace_keyword(function, name, before, new):
    _replace_in(function.__kwdefaults__ or {}, name, before, new)


def _replace_attribute(function, name, before, new):
    _replace_in(vars(function), name, before, new)


def _replace_in(names, name, before, new):
    if names.get(name) is before:
        names[name] = new


def _replace_item(container, key, before, new):
    try:
        if container[key] is before:
            container[key] = new
    except LookupError:
        pass  # it has been removed


def _replace_element(container, _, before, new):
    # It need not be equal to itself in its new state.
    elements = [new if element is before else element for element in container]
    container.clear()
    container.update(elements)


def _replace_member(cls, name, before, new):
    if vars(cls).get(name) is before:
        type.__setattr__(cls, name, new)


def _replace_content(cell, _, before, new):
    try:
        if cell.cell_contents is before:
            cell.cell_contents = new
    except ValueError:
        pass  # it is empty


_REPLACE = {
    "default": _replace_default,
    "keyword": _replace_keyword,
    "attribute": _replace_attribute,
    "element": _replace_element,
    "item": _replace_item,
    "member": _replace_member,
    "content": _replace_content,
}


def reduce_cell(cell, content):
    """Returns what pickles the variable of a function that is sent once: other such functions may have it, too."""
    number = _numbers.get(id(cell))
    if number is None:
        if _worker.is_worker():
            return None
        number = next(_next_number)
    learn(cell, number)
    return _cell, (number,), (content,), None, None, _fill


def _cell(number):
    known = _objects.get(number)
    return learn(CellType(), number) if known is None else known


def _fill(cell, state):
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        (cell.cell_contents,) = state
        note(cell, "content", None, cell.cell_contents)
        note_items(cell.cell_contents)


def forget():
    """Drops everything, so that bocpy keeps nothing alive at exit."""
    for table in (_objects, _numbers, _places, _fingerprints, _unfilled):
        table.clear()
