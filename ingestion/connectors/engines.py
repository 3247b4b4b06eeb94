"""SQLAlchemy's connections to engines whose drivers we open ourselves, at addresses that the guard has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ingestion.connectors.network import explain


@contextmanager
def opened(
    url: str, config: Mapping[str, Any], *, creator: Callable[[], Any], engine: str, module: Any = None
) -> Iterator[Connection]:
    """One connection that `creator` makes with the driver `module`. Driver errors inside come out as SourceError."""
    options = {} if module is None else {"module": module}
    bound = create_engine(url, creator=creator, poolclass=NullPool, isolation_level="AUTOCOMMIT", **options)
    driver_error: type[Exception] = bound.dialect.loaded_dbapi.Error
    try:
        with bound.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise explain(error, config, engine=engine) from None
    except driver_error as error:
        # Raised while SQLAlchemy connects, before it wraps anything.
        raise explain(error, config, engine=engine) from None
    finally:
        bound.dispose()
