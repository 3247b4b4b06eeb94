"""SQLAlchemy's connections to engines whose drivers we open ourselves, at addresses that the guard has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ingestion.connectors.base import SourceError
from ingestion.connectors.drivers import driver
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


@contextmanager
def opened_by_driver(
    module: str, url: str, config: Mapping[str, Any], *, connect: Callable[[Any, Mapping[str, Any]], Any], engine: str
) -> Iterator[Connection]:
    """The same with a driver that is optional, and named as its package is."""
    found = driver(module, package=module, engine=engine)
    creator = partial(connect, found, config)
    with opened(url, config, creator=creator, engine=engine, module=found) as connection:
        yield connection


def rows_of(connection: Connection, statement: str) -> Sequence[Sequence[Any]]:
    """The rows of a statement in which nothing is a parameter. A connection that is lost stays the driver's error."""
    try:
        return connection.execute(text(statement.replace(":", r"\:"))).all()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        raise SourceError(str(error.orig).strip().splitlines()[0][:300]) from None
