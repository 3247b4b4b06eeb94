"""A document's words as a `tsvector` in PostgreSQL's binary form (`tsvectorrecv`): nothing for the server to parse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from struct import Struct

MOST_WORDS = 2**16
"""Words and runs of one vector at most."""

_COUNT = Struct("!i")
_PLACE = Struct("!H")
_LAST = 2**14 - 1
"""The last position that a tsvector tells; what comes later is in it without a place."""
_PLACES_EACH = 256
"""How often a tsvector says where one word is."""
_LONGEST = _PLACES_EACH * _PLACE.size


def pack_vector(plain: Iterable[str], weighted: Sequence[Sequence[Sequence[str]]]) -> bytes:
    """The vector of the words that stand nowhere, and of the others: by weight A to D, in runs of neighbours.

    Between two runs a position is left free. Words hold no NUL.
    """
    places: dict[str, bytes] = dict.fromkeys(plain, b"")
    position = 1
    for packed, runs in zip(_places(), weighted, strict=True):
        for run in runs:
            for word in run:
                if word in places:
                    before = places[word]
                    if len(before) < _LONGEST:
                        places[word] = before + packed[position]
                else:
                    places[word] = packed[position]
                position += 1
            position += 1
    ends = _ends()
    return _COUNT.pack(len(places)) + b"".join(
        [word.encode() + ends[len(where)] + where for word, where in places.items()]
    )


@cache
def _places() -> tuple[tuple[bytes, ...], ...]:
    """A position as two bytes, by its weight: much of the work, done once. Those after the last are empty."""
    told, later = range(_LAST + 1), (b"",) * (MOST_WORDS - _LAST)
    return tuple((*(_PLACE.pack(weight << 14 | position) for position in told), *later) for weight in (3, 2, 1, 0))


@cache
def _ends() -> dict[int, bytes]:
    """What stands between a word and its places, by the length of these: the word's end, and how many they are."""
    return {count * _PLACE.size: b"\0" + _PLACE.pack(count) for count in range(_PLACES_EACH + 1)}
