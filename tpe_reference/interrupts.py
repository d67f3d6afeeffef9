"""Ctrl-C that waits until what has been begun is done.

Python raises `KeyboardInterrupt` between any two steps: between a commit and the note that it was made, say, or where a
process is started, in a place that swallows it. `uninterrupted` puts it off to the end of a block.

>>> import signal
>>> try:
...     with uninterrupted():
...         signal.raise_signal(signal.SIGINT)
...         print("goes on")
... except KeyboardInterrupt:
...     print("heard")
goes on
heard
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_is_pressed = False  # while something is under way


def is_pressed() -> bool:
    """Whether this thread is to be interrupted as soon as it can be."""
    return _is_pressed and threading.current_thread() is threading.main_thread()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until what has been begun here is done; it is heard at once when it comes a second time."""
    global _is_pressed
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # nobody is interrupted here; or somebody has arrangements of their own, as an outer call of this
        return

    def wait_for_the_end(number: int, frame: object) -> None:
        global _is_pressed
        if _is_pressed:
            raise KeyboardInterrupt
        _is_pressed = True

    _is_pressed = False
    signal.signal(signal.SIGINT, wait_for_the_end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if _is_pressed:
            _is_pressed = False
            raise KeyboardInterrupt
