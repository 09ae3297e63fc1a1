"""What the programs use of bocpy, without bocpy: a behavior is a call."""


class Cown:
    def __init__(self, value=None):
        self.value = value
        self.exception = False

    def __class_getitem__(cls, item):
        return cls

    def unwrap(self):
        if self.exception:
            raise self.value
        return self.value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def when(*cowns):
    def decorate(body):
        result = Cown()
        try:
            result.value = body(*cowns)
        except Exception as error:
            result.value, result.exception = error, True
        return result

    return decorate


def read(cown):
    return cown


def wait(*_):
    pass


quiesce = wait
_board = {}


def notice_update(key, fn, default=None):
    _board[key] = fn(_board.get(key, default))


def notice_write(key, value):
    _board[key] = value


def noticeboard():
    return dict(_board)


def notice_sync():
    pass
