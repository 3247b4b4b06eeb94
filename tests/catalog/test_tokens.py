"""Text into words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.names import join_name, split_name
from catalog.search.tokens import WORD_LENGTH, compact, words_of_name, words_of_text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prod.public.user_events", ["prod", "public", "user", "events"]),
        ("camelCase", ["camel", "case"]),
        ("HTTPServer", ["http", "server"]),
        ("orders2024Q1", ["orders", "2024", "q", "1"]),
        ("ÜberSicht", ["uber", "sicht"]),
        ("ЗаказыКлиентов", ["заказы", "клиентов"]),
        ("数据库", ["数据", "据库", "库"]),
        ("表", ["表"]),
        ("user表x", ["user", "表", "x"]),
        ("ﬁle", ["file"]),
        ("😀--!!", []),
        ("x" * 100, ["x" * WORD_LENGTH]),
    ],
)
def test_text_is_split_into_words(text, words):
    assert list(words_of_name(text)) == words
    assert words_of_text(text) == words


def test_a_whole_name_is_one_word_however_it_is_written():
    assert {compact(name) for name in ("user_events", "UserEvents", "USER EVENTS", "user.events")} == {"userevents"}


@given(st.text(max_size=60))
def test_words_hold_nothing_that_needs_escaping(text):
    for word in words_of_name(text):
        assert word
        assert not set(word) & set(" '\"\\:&|!*()<>_")
        assert len(word.encode()) <= 4 * WORD_LENGTH * 3


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_name_splits_into_the_parts_that_it_was_joined_of(parts):
    assert split_name(join_name(*parts)) == parts


@pytest.mark.parametrize("name", ["", ".", "a.", ".a", 'a"b', '"a', '"a"b', "a..b"])
def test_a_name_that_cannot_be_read_says_so(name):
    with pytest.raises(ValueError, match=r"part|dot"):
        split_name(name)
