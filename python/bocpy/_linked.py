"""Instances whose attributes are kept in something else: in themselves, or in a dict of their class.

Two well-known idioms: a dict whose items are its attributes (`self.__dict__ = self`), and instances that share all
attributes (`self.__dict__ = self._shared`). `pickle` makes a copy of the attributes, and the link is lost.
"""

import copyreg

__all__ = ["linked_reducer"]


def linked_reducer(cls):
    """Returns the function that pickles instances of a class, if they may be of that kind; otherwise None."""
    if not getattr(cls, "__dictoffset__", 0) or cls.__reduce_ex__ is not object.__reduce_ex__:
        return None
    is_dict = issubclass(cls, dict)
    # The dicts of the class and of its bases, without those that Python itself puts there.
    dicts = [
        (base, name)
        for base in cls.__mro__
        for name, member in list(vars(base).items())
        if type(member) is dict and not (name.startswith("__") and name.endswith("__"))
    ]
    if cls.__reduce__ is not object.__reduce__ or not (is_dict or dicts):
        return None

    def reduce(thing):
        attributes = thing.__dict__
        items = iter(dict.items(thing)) if is_dict else None
        if attributes is thing:
            return copyreg.__newobj__, (cls,), True, None, items, _link_to_itself
        for base, name in dicts:
            if vars(base).get(name) is attributes:
                return copyreg.__newobj__, (cls,), (base, name), None, items, _link_to_class
        return thing.__reduce_ex__(5)

    return reduce


def _link_to_itself(thing, _):
    thing.__dict__ = thing


def _link_to_class(thing, state):
    base, name = state
    thing.__dict__ = vars(base)[name]
