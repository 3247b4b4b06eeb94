"""Bytes into values, safely: JSON not nested too deep, XML without entities or network."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import Any

import orjson
from lxml import etree

from contracts.errors import Invalid

MAX_DEPTH = 100
"""Levels of lists and objects, or of elements, in each other."""
MAX_PROBLEMS = 20
"""How many problems of a document an answer names."""
WORDS = 300
"""Characters of a problem's description that are kept."""

_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def refuse(problems: Iterable[tuple[str, str]], message: str = "") -> Invalid:
    """The refusal of a document, from pairs of the path in it and what is wrong there."""
    fields: dict[str, list[str]] = {}
    for path, words in problems:
        where = f"content.{path}" if path else "content"
        fields.setdefault(where, []).append(words if len(words) <= WORDS else f"{words[:WORDS]}…")
        if len(fields) >= MAX_PROBLEMS:
            break
    return Invalid(message, fields=fields)


def utf8(data: bytes) -> bytes:
    """The same text in UTF-8, where it begins with the mark of another encoding. Raises Invalid."""
    for mark, encoding in _ENCODINGS:
        if data.startswith(mark):
            try:
                return data.decode(encoding).encode()
            except UnicodeError as error:
                raise refuse([("", f"This is not {encoding}: {error}")]) from None
    return data


def read_json(data: bytes) -> Any:
    """Raises Invalid with the place of what is malformed, and for more than MAX_DEPTH levels."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise refuse([("", f"This is not JSON: {error.msg} at {place}")]) from None
    if b"\\u0000" in data and _holds_nul(value):
        raise refuse([("", "It holds a NUL character")])
    _refuse_depth(data, value)
    return value


def _refuse_depth(data: bytes, value: Any) -> None:
    """Take away the innermost pairs of brackets, level by level; brackets in texts are looked at after."""
    brackets = data.translate(bytes.maketrans(b"{}", b"[]"), _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return
    if _depth(value) > MAX_DEPTH:
        raise refuse([("", f"It is nested deeper than {MAX_DEPTH} levels")])


_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        depth += 1
    return depth


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _holds_nul(value: Any) -> bool:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if "\x00" in one:
                return True
        elif isinstance(one, dict):
            left.extend(one)
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
    return False


def read_xml(data: bytes) -> etree._Element:
    """The root element. Raises Invalid for malformed XML and for any document type declaration."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise refuse([("", f"This is not XML: {error.msg}")]) from None
    if root.getroottree().docinfo.doctype:
        raise refuse([("", "A document type declaration is not accepted")])
    return root
