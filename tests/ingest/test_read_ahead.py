"""Making ahead in threads: one that raises costs its own item, not those that others have made."""

from __future__ import annotations

import queue
import threading

import pytest

from ingest.read_ahead import ReadAhead


def without_room_for_the_second(cancelled: threading.Event) -> ReadAhead[int, str]:
    """Making the second of two raises; the first is made after that."""
    raised = threading.Event()

    def make(number: int) -> str:
        if number == 2:
            raised.set()
            raise OSError("no room")
        assert raised.wait(60)
        return "one"

    return ReadAhead([1, 2], make, weight=len, most=100, threads=2, cancelled=cancelled)


def test_what_others_made_is_still_there_after_a_fault() -> None:
    cancelled = threading.Event()
    ahead = without_room_for_the_second(cancelled)
    assert cancelled.wait(60)
    assert ahead.left_by_fault() == ["one"]
    with pytest.raises(OSError, match="no room"):
        ahead.check()
    ahead.close()


def test_a_fault_is_raised_after_what_was_made() -> None:
    ahead = without_room_for_the_second(threading.Event())
    assert ahead.take() == "one"
    with pytest.raises(OSError, match="no room"):
        ahead.take()
    ahead.close()


def test_without_a_fault_nothing_is_left() -> None:
    ahead = ReadAhead([1, 2], str, weight=len, most=100, threads=2, cancelled=threading.Event())
    assert [ahead.take(), ahead.take(), ahead.take()] == ["1", "2", None]
    assert ahead.left_by_fault() == []
    ahead.check()
    ahead.close()


def test_who_waits_for_an_item_can_be_told_of_something_else() -> None:
    waited_for, told, may_end = threading.Event(), threading.Event(), threading.Event()

    def make(number: int) -> str:
        assert may_end.wait(60)
        return str(number)

    def unless() -> bool:
        waited_for.set()
        return told.is_set()

    def tell() -> None:
        assert waited_for.wait(60)
        told.set()
        ahead.look()

    ahead = ReadAhead([1], make, weight=len, most=100, threads=1, cancelled=threading.Event())
    teller = threading.Thread(target=tell)
    teller.start()
    with pytest.raises(queue.Empty):
        ahead.take(unless=unless)
    may_end.set()
    assert ahead.take() == "1"
    teller.join()
    ahead.close()
