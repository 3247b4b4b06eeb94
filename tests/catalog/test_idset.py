"""Sets of very many ids: exact, and small."""

import tracemalloc
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from catalog.idset import IdSet


def test_it_holds_what_was_put_in_and_nothing_else():
    ids = [*(uuid7() for _ in range(3000)), *(uuid4() for _ in range(3000))]
    there, others = set(ids[::2]), set(ids[1::2])
    found = IdSet(there)
    assert (len(found), set(found)) == (len(there), there)
    assert all(key in found for key in there)
    assert not any(key in found for key in others)
    assert "no id" not in found


def test_id_that_is_put_in_again_counts_once():
    key = uuid4()
    found = IdSet([key, key])
    found.add(key)
    assert list(found) == [key]


def test_end_of_one_id_and_beginning_of_the_next_are_no_id():
    # They end alike, and so lie beside each other.
    first, second = (UUID(bytes=bytes([*range(start, start + 14), 1, 0])) for start in (20, 120))
    found, side_by_side = IdSet([first, second]), first.bytes + second.bytes
    between = [UUID(bytes=side_by_side[at : at + 16]) for at in range(1, 16)]
    assert not any(key in found for key in between)
    for key in between:
        found.add(key)
    assert set(found) == {first, second, *between}


def test_one_is_found_that_stands_behind_what_only_looks_like_it():
    # A shelf of three whose first two make the third where they meet, one byte out of step.
    shelf_end = bytes([0, 0])
    third = bytes(14) + shelf_end
    first, second = bytes(13) + b"\x07" + shelf_end, bytes(12) + b"\x07\x07" + shelf_end
    found = IdSet(UUID(bytes=one) for one in (first, second))
    assert UUID(bytes=third) not in found
    found.add(UUID(bytes=third))
    assert UUID(bytes=third) in found
    assert len(found) == 3


def test_copy_goes_its_own_way():
    one = IdSet([uuid4()])
    other = one.copy()
    other.add(uuid4())
    assert (len(one), len(other)) == (1, 2)
    assert set(one) < set(other)


def test_hundred_thousand_ids_take_less_than_four_mebibytes():
    tracemalloc.start()
    try:
        found = IdSet(uuid4() for _ in range(100_000))
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(found), size < 4 * 2**20) == (100_000, True)
