"""Qualified names: parts joined by dots, quoted where a part could be misread.

`prod.public.users` has three parts, `prod."a.b"."an ""odd"" name"` has `prod`, `a.b` and `an "odd" name`.
"""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_PLAIN = re.compile(r'[^."]+')


def join_name(*parts: str) -> str:
    """The qualified name of these parts: a part that holds `.` or `"`, or is empty, stands in double quotes."""
    return ".".join(quote_part(part) for part in parts)


def quote_part(part: str) -> str:
    """One part as it stands in a qualified name."""
    if part and "." not in part and '"' not in part:
        return part
    doubled = part.replace('"', '""')
    return f'"{doubled}"'


def normal_name(name: str) -> str:
    """The name with each part in quotes only where it needs them; as it is where it cannot be read."""
    try:
        return join_name(*split_name(name))
    except ValueError:
        return name


def full_tag_name(name: str, category: str) -> str:
    """A tag's name with its category's before it, where that is not said already."""
    if not category or name == category or name.startswith(f"{category}."):
        return name
    return join_name(category, name)


def split_name(name: str) -> list[str]:
    """The parts of a qualified name: what `join_name` joined.

    Raises ValueError where the quoting cannot be read. Names that people type need not be well-formed.
    """
    parts: list[str] = []
    position = 0
    while True:
        match = _QUOTED.match(name, position)
        if match:
            parts.append(match.group(1).replace('""', '"'))
        else:
            match = _PLAIN.match(name, position)
            if not match:
                raise ValueError(f"{name!r} has no readable part at position {position}")
            parts.append(match.group())
        position = match.end()
        if position == len(name):
            return parts
        if name[position] != ".":
            raise ValueError(f"{name!r} needs a dot at position {position}")
        position += 1
