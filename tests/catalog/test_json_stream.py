"""JSON read as a stream is read as it is when it is read whole, wherever a chunk ends."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest

from catalog import json_stream
from catalog.json_stream import Damaged, JSONStream


def items_of(text: str) -> list[Any]:
    stream = JSONStream(io.StringIO(text))
    assert stream.take("[")
    return list(stream.items())


@pytest.fixture(params=[1, 2, 7, 100_000])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", request.param)


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize(
    "values", [[], [1], [12, -3.5e10, True, None], ['a\\"]', "ü", "\n"], [[1, [2]], {"a": [{"b": "]"}]}, ""]]
)
@pytest.mark.parametrize("indent", [None, 2])
def test_reads_what_was_written(values: list[Any], indent: int | None) -> None:
    assert items_of(json.dumps(values, indent=indent)) == values


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize(
    "text", ["[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", '["a]', "[tru]", "[" * 100_000, f"[{'9' * 5000}]"]
)
def test_what_is_damaged_is_told(text: str) -> None:
    with pytest.raises(Damaged):
        items_of(text)


def test_a_value_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", 10)
    monkeypatch.setattr(json_stream, "VALUE_LIMIT", 100)
    with pytest.raises(Damaged, match="more than 100"):
        items_of('["' + "a" * 10_000)


@pytest.mark.usefixtures("chunk")
def test_what_follows_is_seen() -> None:
    stream = JSONStream(io.StringIO(' {"a" : [ ] } x'))
    assert (stream.take("["), stream.take("{"), stream.value(), stream.take(":")) == (False, True, "a", True)
    assert (stream.value(), stream.take("}"), stream.peek()) == ([], True, "x")


def test_a_long_list_takes_no_more_memory_than_a_short_one() -> None:
    text = io.StringIO(json.dumps([f"org:name{number}-fasta@1.0" for number in range(200_000)]))
    tracemalloc.start()
    try:
        stream = JSONStream(text)
        assert stream.take("[")
        assert sum(1 for _ in stream.items()) == 200_000
        assert tracemalloc.get_traced_memory()[1] < 4 * json_stream.CHUNK * 2
    finally:
        tracemalloc.stop()
