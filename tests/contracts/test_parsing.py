"""What the JSON parser lets in, what it refuses, and that it says where."""

from __future__ import annotations

import io
import json
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import orjson
import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from config.handler import ThreadedHandler
from contracts.errors import BadRequest, TooLarge
from contracts.parsing import MAX_DEPTH, JSONListParser, JSONParser, JSONPatchParser, loads, loads_unchecked
from contracts.parsing import NAMED as NAMED_BYTES
from tests.contracts.urls import PREFIXES

REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b" \n ", "empty"),
    "cut off": (b'{"a": [1, 2', "line 1 column"),
    "second line": (b'{"a": 1,\n "b": tru}', "line 2 column 7"),
    "two documents": (b"{} {}", "line 1 column 4"),
    "not UTF-8": (b'{\n"name": "caf\xe9"}', "not UTF-8 at line 2 column"),
    "lone surrogate": (b'{"a": "\\ud800"}', "surrogate"),
    "NaN": (b'{"a": NaN}', "line 1 column 7"),
    "infinity": (b'{"a": Infinity}', "line 1 column 7"),
    "a number that is infinite": (b'{"a": 1e400}', "infinity"),
    "a control character": (b'{"a": "\x00"}', "line 1 column"),
    "NUL": (b'{"a": "x\\u0000"}', "NUL character, which cannot be stored, at line 1 column 9"),
    "NUL after a backslash": (b'{"a": "\\\\\\u0000"}', "NUL"),
    "NUL in a name": (b'{"\\u0000": 1}', "NUL"),
    "beyond 64 bits": (b'{"a":\n [18446744073709551616]}', "integer beyond 64 bits at line 2 column 3"),
    "beyond signed 64 bits": (b'{"a": 9223372036854775808}', "64 bits"),
    "below 64 bits": (b'{"a": -9223372036854775809}', "64 bits"),
    "after a string that looks like one": (b'{"n\\"1234567890123456789012": 1234567890123456789012}', "64 bits"),
    "a single quote": (b"{'a': 1}", "line 1 column 2"),
    "a comment": (b'{"a": 1} // x', "line 1 column"),
}

NAMED: dict[str, tuple[bytes, str]] = {
    "NUL": (b'{"b": "\\\\u0000", "a": "x\\u0000"}', "a"),
    "NUL deep inside": (b'{"a": [0, {"b": ["x", "\\u0000"]}], "c": "\\u0000"}', "a.1.b.1"),
    "NUL in a name": (b'{"a": [{"\\u0000": 1}]}', "a.0"),
    "beyond 64 bits": (b'{"s": "18446744073709551616", "a": {"b": [1, 18446744073709551616]}}', "a.b.1"),
    "below 64 bits": (b'{"a": 1.5, "b": -9223372036854775809, "c": -9223372036854775808}', "b"),
    "beyond all digits": (b'{"a": ' + b"9" * 300 + b"}", "a"),
}

KEPT: dict[str, bytes] = {
    "the ends of 64 bits": b'{"a": [9223372036854775807, -9223372036854775808]}',
    "digits in a string": b'{"a": "1234567890123456789012345", "1234567890123456789012345": 1}',
    "digits after an escaped quote": b'{"a": "say \\"1234567890123456789012345"}',
    "digits after a backslash at the end": b'{"a": "\\\\", "b": "1234567890123456789012345"}',
    "long fractions": b'{"a": 0.1234567890123456789012345, "b": 1234567890123456789012345.5}',
    "long powers": b'{"a": 1234567890123456789012345e3, "b": 1.5E-0000000000000000000003}',
    "a backslash before u0000": b'{"a": "\\\\u0000"}',
    "brackets in strings": b'{"a": "' + b"[{" * 500 + b'", "\\"[[": "\\\\"}',
    "names twice": b'{"a": 1, "a": 2}',
    "beyond the basic plane": '{"a": "\U0001f4d6中文"}'.encode(),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_and_says_where(case: str) -> None:
    body, words = REFUSED[case]
    with pytest.raises(BadRequest) as caught:
        loads(body)
    assert words in caught.value.message


@pytest.mark.parametrize("case", NAMED)
def test_what_cannot_be_stored_is_named_by_its_field(case: str) -> None:
    body, field = NAMED[case]
    with pytest.raises(BadRequest) as caught:
        loads(body)
    assert list(caught.value.fields) == [field]
    assert caught.value.details["line"] == 1


def test_in_a_large_body_line_and_column_must_do() -> None:
    body = b'{"a": "' + b"x" * NAMED_BYTES + b'", "b": 18446744073709551616}'
    with pytest.raises(BadRequest) as caught:
        loads(body)
    assert not caught.value.fields
    assert caught.value.details["column"] == len(body) - 20


@pytest.mark.parametrize("case", KEPT)
def test_kept_as_it_is(case: str) -> None:
    assert loads(KEPT[case]) == json.loads(KEPT[case])


UNSTORABLE = {
    "lone surrogate": "\ud800",
    "a number that is infinite": float("inf"),
    "NUL": "x\0",
    "NUL after a backslash": "\\\0",
    "beyond 64 bits": [2**64],
    "beyond signed 64 bits": 2**64,
    "below 64 bits": 2**64,
}


@pytest.mark.parametrize("case", [*REFUSED, "NUL in a name", "too many digits", "too deep"])
def test_those_who_check_each_value_get_what_can_be_read_at_all(case: str) -> None:
    bodies = {
        "too many digits": b'{"a": -' + b"9" * 5000 + b"}",
        "too deep": b'{"a": "\\ud800", "b": ' + nested(100) + b"}",
    }
    body = REFUSED[case][0] if case in REFUSED else bodies[case]
    readable = {**UNSTORABLE, "too many digits": 2**64}
    if case in readable:
        assert loads_unchecked(body) == {"a": readable[case]}
    elif case == "NUL in a name":
        assert loads_unchecked(body) == {"\0": 1}
    elif case == "after a string that looks like one":
        assert list(loads_unchecked(body).values()) == [2**64]
    else:
        with pytest.raises(BadRequest):
            loads_unchecked(body)


@pytest.mark.parametrize("case", KEPT)
def test_what_is_kept_is_read_alike_by_those_who_check_each_value(case: str) -> None:
    assert loads_unchecked(KEPT[case]) == loads(KEPT[case])


def nested(levels: int, opening: bytes = b"[", inner: bytes = b"") -> bytes:
    return opening * levels + inner + (b"]" if opening == b"[" else b"}") * levels


@pytest.mark.parametrize(
    ("deepest", "too_deep"),
    [
        (nested(MAX_DEPTH), nested(MAX_DEPTH + 1)),
        (nested(MAX_DEPTH, inner=b'"]"'), nested(MAX_DEPTH + 1, inner=b'"]"')),
        (b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH, b'{"a":' * 101 + b"1" + b"}" * 101),
        (b'[{"a":' * 50 + b"1" + b"}]" * 50, b'[{"a":' * 51 + b"1" + b"}]" * 51),
    ],
)
def test_one_hundred_levels_and_no_more(deepest: bytes, too_deep: bytes) -> None:
    loads(deepest)
    with pytest.raises(BadRequest, match="deeper than 100 levels"):
        loads(too_deep)


@pytest.mark.parametrize("levels", [1000, 5000, 200_000])
def test_a_bomb_of_brackets_is_refused_at_once(levels: int) -> None:
    began = time.thread_time()
    for bomb in (nested(levels), b"[" * levels, b'{"a":' * levels):
        with pytest.raises(BadRequest, match=r"nested deeper than 100 levels|unexpected end"):
            loads(bomb)
    assert time.thread_time() - began < 2


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\\[]{}0123456789\x00'), max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('"\\[]a1\x00', max_size=5), inner, max_size=4),
    max_leaves=30,
)


def is_sound(value: Any) -> bool:
    """The parser's rules, on the value instead of the bytes."""
    if isinstance(value, str):
        return "\x00" not in value
    if isinstance(value, dict):
        return all(map(is_sound, [*value, *value.values()]))
    if isinstance(value, list):
        return all(map(is_sound, value))
    return not isinstance(value, int) or -(2**63) <= value < 2**63


@given(VALUES)
def test_bytes_are_judged_as_the_value_would_be(value: Any) -> None:
    for body in (json.dumps(value).encode(), json.dumps(value, ensure_ascii=False, indent=1).encode()):
        try:
            parsed = loads(body)
        except BadRequest:
            assert not is_sound(value)
        else:
            assert is_sound(value)
            assert parsed == value


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_a_bad_request(body: bytes) -> None:
    try:
        value = loads(body)
    except BadRequest:
        return
    assert value == orjson.loads(body)


def test_the_top_must_be_what_the_parser_is_for() -> None:
    with pytest.raises(BadRequest, match="must be an object"):
        JSONParser().parse(io.BytesIO(b"[]"))
    with pytest.raises(BadRequest, match="must be a list"):
        JSONListParser().parse(io.BytesIO(b"{}"))
    with pytest.raises(BadRequest, match="JSON Patch"):
        JSONPatchParser().parse(io.BytesIO(b'"x"'))


class Endless(io.RawIOBase):
    """A body that never ends; remembers how much was taken."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        return b" " * size


def test_a_declared_length_over_the_limit_is_refused_unread(settings) -> None:
    settings.BODY_LIMIT = 2048
    stream = Endless()
    request = RequestFactory().post("/", CONTENT_LENGTH="2049")
    with pytest.raises(TooLarge):
        JSONParser().parse(stream, parser_context={"request": request})  # type: ignore[arg-type]
    assert stream.taken == 0


def test_a_body_without_a_length_is_read_to_the_limit_and_no_further(settings) -> None:
    settings.BODY_LIMIT = 2048
    stream = Endless()
    with pytest.raises(TooLarge):
        JSONParser().parse(stream)  # type: ignore[arg-type]
    assert stream.taken == 2049


def test_a_body_at_the_limit_is_taken(settings) -> None:
    settings.BODY_LIMIT = 2048
    body = b'{"a": 1}'.ljust(2048)
    assert JSONParser().parse(io.BytesIO(body)) == {"a": 1}


def test_no_body_is_an_empty_object(editor: APIClient) -> None:
    answer = editor.post("/v1/things")
    assert answer.status_code == 400
    assert answer.json()["error"]["details"].keys() == {"name", "size"}


async def chunks(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), 1000):
        yield body[at : at + 1000]


@pytest.mark.parametrize("name", PREFIXES)
async def test_a_body_sent_in_chunks_is_read_and_limited(name: str, settings) -> None:
    settings.BODY_LIMIT = 5000
    sent = {"text": "x" * 4000}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(cast(Any, ThreadedHandler())), base_url="http://test"
    ) as client:
        kept, refused = [
            await client.post(
                f"{PREFIXES[name]}/echo",
                content=chunks(json.dumps(sent | {"more": more}).encode()),
                headers={"Content-Type": "application/json"},
            )
            for more in ("", "y" * 2000)
        ]
    assert kept.status_code == 200
    assert sent["text"] in kept.text
    assert refused.status_code == 413
