"""Column types: as an engine writes them (`character varying(20)`), and those of the contract (`VARCHAR`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from contracts.entities import names

DATA_TYPES = names(
    "NUMBER TINYINT SMALLINT INT BIGINT BYTEINT BYTES FLOAT DOUBLE DECIMAL NUMERIC TIMESTAMP TIMESTAMPZ TIME DATE"
    " DATETIME INTERVAL STRING MEDIUMTEXT TEXT CHAR LONG VARCHAR BOOLEAN BINARY VARBINARY ARRAY BLOB LONGBLOB"
    " MEDIUMBLOB MAP STRUCT UNION SET GEOGRAPHY ENUM JSON UUID VARIANT GEOMETRY BYTEA AGGREGATEFUNCTION ERROR FIXED"
    " RECORD NULL SUPER HLLSKETCH PG_LSN PG_SNAPSHOT TSQUERY TXID_SNAPSHOT XML MACADDR TSVECTOR UNKNOWN CIDR INET"
    " CLOB ROWID LOWCARDINALITY YEAR POINT POLYGON TUPLE SPATIAL TABLE NTEXT IMAGE IPV4 IPV6 DATETIMERANGE HLL"
    " LARGEINT QUANTILE_STATE AGG_STATE BITMAP UINT BIT MONEY KPI HEIRARCHY HIERARCHYID MEASURE"
)
"""Of columns; the fields of topics and search indexes have their own (`Kind.field_types`)."""

_ALIASES = {
    "INTEGER": "INT",
    "INT2": "SMALLINT",
    "INT4": "INT",
    "INT8": "BIGINT",
    "MEDIUMINT": "INT",
    "SERIAL": "INT",
    "BIGSERIAL": "BIGINT",
    "CHARACTER VARYING": "VARCHAR",
    "VARCHAR2": "VARCHAR",
    "NVARCHAR": "VARCHAR",
    "NVARCHAR2": "VARCHAR",
    "CHARACTER": "CHAR",
    "BPCHAR": "CHAR",
    "NCHAR": "CHAR",
    "TINYTEXT": "TEXT",
    "LONGTEXT": "TEXT",
    "DOUBLE PRECISION": "DOUBLE",
    "FLOAT4": "FLOAT",
    "FLOAT8": "DOUBLE",
    "REAL": "FLOAT",
    "BOOL": "BOOLEAN",
    "JSONB": "JSON",
    "TIMESTAMPTZ": "TIMESTAMPZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPZ",
    "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP",
    "TIME WITH TIME ZONE": "TIME",
    "TIME WITHOUT TIME ZONE": "TIME",
    "OBJECTID": "STRING",
    "DOCUMENT": "STRUCT",
    "NULL": "NULL",
}
_LENGTHS = frozenset({"CHAR", "VARCHAR", "BINARY", "VARBINARY", "STRING", "BIT"})
_PRECISIONS = frozenset({"DECIMAL", "NUMERIC", "NUMBER"})
_SIZED = re.compile(r"^([^(]*)\(\s*(\d{1,9})\s*(?:,\s*(-?\d{1,9})\s*)?\)(.*)$")
_ARRAY_OF = re.compile(r"^(?:array|list)\s*[<(](.*)[>)]$", re.IGNORECASE)


@lru_cache(maxsize=1024)
def told_by(type_: str) -> dict[str, Any]:
    """What a type as it is written says: dataType and, where it has them, dataLength, precision, scale.

    Remembered, and so not to be changed.
    """
    text = type_.strip()
    if text.endswith("[]"):
        return {"dataType": "ARRAY", "arrayDataType": told_by(text[:-2])["dataType"]}
    if array := _ARRAY_OF.match(text):
        return {"dataType": "ARRAY", "arrayDataType": told_by(array[1])["dataType"]}
    sized = _SIZED.match(text)
    word = " ".join(f"{sized[1]} {sized[4]}".split()) if sized else text
    name = _name_of(word.upper())
    told: dict[str, Any] = {"dataType": name}
    if sized and name in _LENGTHS:
        told["dataLength"] = int(sized[2])
    elif sized and name in _PRECISIONS:
        told |= {"precision": int(sized[2]), "scale": int(sized[3] or 0)}
    return told


def _name_of(word: str) -> str:
    for candidate in (word, re.split(r"[<(:]", word)[0].strip(), word.partition(" ")[0]):
        if candidate in _ALIASES:
            return _ALIASES[candidate]
        if candidate in DATA_TYPES:
            return candidate
    return "UNKNOWN"


def written(column: Mapping[str, Any]) -> str:
    """The type of a column as an engine would write it."""
    if column.get("dataTypeDisplay"):
        return str(column["dataTypeDisplay"])
    name = str(column["dataType"])
    if name == "ARRAY" and column.get("arrayDataType"):
        return f"array<{str(column['arrayDataType']).lower()}>"
    if name in _LENGTHS and column.get("dataLength") is not None:
        return f"{name.lower()}({column['dataLength']})"
    if name in _PRECISIONS and column.get("precision") is not None:
        return f"{name.lower()}({column['precision']},{column.get('scale') or 0})"
    return name.lower()
