"""JSON Patch (RFC 6902) on a document that came from us, within bounds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import jsonpatch
import orjson
from jsonpointer import JsonPointerException

from contracts.errors import BadRequest, Conflict, TooLarge

MAX_OPERATIONS = 1000
MAX_BYTES = 16 * 1024 * 1024
"""Of the document while it is patched: copies of copies double with each."""
_NAMES = frozenset({"add", "remove", "replace", "move", "copy", "test"})


def patched(document: Mapping[str, Any], operations: Sequence[Any], *, fields: Collection[str] = ()) -> dict[str, Any]:
    """The document after these operations; the one given is left as it is.

    `fields` are those that it has though it leaves out the empty ones: replacing such a one sets it.

    Raises BadRequest for what is no operation or points nowhere, Conflict where a `test` fails, TooLarge for
    a patch with too many operations or whose result grows beyond bounds.
    """
    if len(operations) > MAX_OPERATIONS:
        raise TooLarge(f"A patch has at most {MAX_OPERATIONS:,} operations; this has {len(operations):,}")
    result: Any = orjson.loads(orjson.dumps(document))
    for index, operation in enumerate(operations):
        name = _name(index, operation)
        sets = name == "replace" and _is_left_out(operation["path"], result, fields)
        try:
            # Each is applied in the place of its turn, so that the next can be refused before it is done.
            step = jsonpatch.JsonPatch([{**operation, "op": "add"} if sets else operation])
            result = step.apply(result, in_place=True)
        except jsonpatch.JsonPatchTestFailed:
            raise Conflict(f"Operation {index} tests '{operation['path']}', which is not as it says") from None
        except (jsonpatch.JsonPatchException, JsonPointerException, KeyError, TypeError, ValueError) as error:
            raise BadRequest(f"Operation {index} ({name} '{operation.get('path')}') cannot be done: {error}") from None
        if name == "copy":
            _check_size(result)
    if not isinstance(result, dict):
        raise BadRequest("The patch leaves no object")
    _check_size(result)
    return result


def _is_left_out(path: str, document: Any, fields: Collection[str]) -> bool:
    field = path.removeprefix("/")
    return field in fields and isinstance(document, dict) and field not in document


def _name(index: int, operation: Any) -> str:
    if not isinstance(operation, Mapping) or not isinstance(operation.get("path"), str):
        raise BadRequest(f"Operation {index} is no JSON Patch operation: it needs 'op' and 'path'")
    name = operation.get("op")
    if name not in _NAMES:
        raise BadRequest(f"Operation {index}: 'op' must be one of {', '.join(sorted(_NAMES))}")
    if name in {"move", "copy"} and not isinstance(operation.get("from"), str):
        raise BadRequest(f"Operation {index} needs 'from'")
    return str(name)


def _check_size(document: Any) -> None:
    try:
        size = len(orjson.dumps(document))
    except TypeError:
        raise BadRequest("The patch nests the document too deeply") from None
    if size > MAX_BYTES:
        raise TooLarge(f"The patch makes the document larger than {MAX_BYTES:,} bytes")
