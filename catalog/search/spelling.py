"""The words that things in the index have, to find the one that was meant where a question's word is misspelled.

Two words that are an edit apart have a spelling in common once a letter is left out of each: for each
word of the index its spellings with letters left out are kept, so that looking up the few spellings of what was typed
finds every word that is near to it, however many words there are. An edit is a letter too many, one missing, a wrong
one, or two neighbours in the wrong order. This is the method of SymSpell, with keys of the words' beginnings only.

The words belong to no organization and stay when what had them is gone: whoever asks looks first whether a
word is to be found where they may look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import combinations

from django.db import connection

from audit.tables import insert_rows
from catalog.models import Spelling
from catalog.tables import among

SHORTEST = 4
"""Letters of a word that may be misspelled: a shorter one is near to too many."""
LONG = 8
"""Letters of a word that may have two edits."""
BEGINNING = 7
"""Letters of a word that its spellings are made of."""
MEASURED = 2000
"""Words with a spelling in common whose edits are counted."""
NEAREST = 12
"""Words near to one that was typed which are looked at."""


def edits_allowed(word: str) -> int:
    """How many edits a word may be away from what was meant."""
    if len(word) < SHORTEST or not word.isalpha():
        return 0
    return 2 if len(word) >= LONG else 1


def remember(words: Iterable[str]) -> None:
    """Keep these words. One statement, three where there are new ones."""
    asked = [word for word in words if edits_allowed(word)]
    if not asked:
        return
    condition, parameter = among("key", asked)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT word FROM catalog_spelling WHERE {condition} AND key = word", [parameter])  # noqa: S608
        known = {word for (word,) in cursor.fetchall()}
    new = sorted(set(asked) - known)
    if new:
        insert_rows(Spelling, ("key", "word"), [(key, word) for word in new for key in _spellings(word)])


def nearest(words: Collection[str]) -> dict[str, list[tuple[int, str]]]:
    """For each of these words (one at least) the few that are near to it, and how many edits away. One statement."""
    keys = {key for word in words for key in _spellings(word)}
    lengths = [len(word) for word in words]
    condition, parameter = among("key", sorted(keys))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT word FROM catalog_spelling WHERE {condition}"  # noqa: S608
            f" AND length(word) BETWEEN %s AND %s LIMIT {MEASURED}",
            [parameter, min(lengths) - 2, max(lengths) + 2],
        )
        found = [word for (word,) in cursor.fetchall()]
    return {word: _near(word, found) for word in words}


def _near(word: str, others: Iterable[str]) -> list[tuple[int, str]]:
    most = edits_allowed(word)
    counted = ((edits(word, other, most), other) for other in others if other != word)
    return sorted(pair for pair in counted if pair[0] <= most)[:NEAREST]


def edits(one: str, other: str, most: int) -> int:
    """How many edits lead from one word to the other (optimal string alignment); `most` + 1 for more than `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, there in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != there))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == there:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, above = above, row
    return min(above[-1], most + 1)


def _spellings(word: str) -> set[str]:
    """The word, and its beginning with as many letters left out as it may have edits."""
    beginning = word[:BEGINNING]
    return {word} | {
        "".join(left)
        for out in range(edits_allowed(word) + 1)
        for left in combinations(beginning, len(beginning) - out)
    }
