"""Connecting to PostgreSQL: what is refused, what is told, and how little the server is asked."""

import psycopg
import pytest
from sqlalchemy import text

from ingestion.connectors.base import CollectOptions, SourceError
from ingestion.connectors.postgresql import PostgreSQLConnector
from ingestion.connectors.registry import get_connector
from ingestion.models import JobStatus
from ingestion.services import sources
from ingestion.services.sources import create_data_source
from tests.ingestion.observing import Silent
from tests.ingestion.postgresql.reading import statements_of

pytestmark = pytest.mark.postgresql


def failing(config, actor):
    source = create_data_source(actor=actor, data={"name": "prod", "type": "postgresql", "config": config})
    return source, sources.test_connection(actor=actor, source=source)


def test_source_that_is_down_says_so(bob_actor, unused_tcp_port, collect):
    source, result = failing(
        {"host": "127.0.0.1", "port": unused_tcp_port, "database": "d", "password": "hush"}, bob_actor
    )
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")
    assert result.message == f"127.0.0.1:{unused_tcp_port} refused the connection: is PostgreSQL running there?"
    job = collect(source)
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "CONNECTION_FAILED")
    source.refresh_from_db()
    assert source.status == "error"


def test_unknown_host_says_so(bob_actor):
    _, result = failing({"host": "no-such-host.invalid", "database": "d"}, bob_actor)
    assert result.message == "The host 'no-such-host.invalid' is not known: check the host"


def test_source_that_does_not_answer_ends_in_time(bob_actor, silent_port):
    _, result = failing({"host": "127.0.0.1", "port": silent_port, "database": "d", "timeout": 2}, bob_actor)
    assert (result.success, result.code) == (False, "TIMEOUT")


def test_missing_database_says_so(bob_actor, new_database):
    _, result = failing({**new_database(), "database": "no_such_database"}, bob_actor)
    assert (result.code, "no_such_database" in result.message) == ("NOT_FOUND", True)


def test_unknown_user_says_so_without_the_password(bob_actor, new_database):
    _, result = failing({**new_database(), "username": "nobody_at_all", "password": "s3cret-word"}, bob_actor)
    assert result.code == "AUTHENTICATION_FAILED"
    assert "'nobody_at_all': check user name and password" in result.message
    assert "s3cret-word" not in result.message


def test_connection_test_tells_the_version(bob_actor, new_database):
    _, result = failing(new_database(), bob_actor)
    assert result.success
    assert result.server_info == f"PostgreSQL {result.version}"


def test_nothing_can_be_written_at_the_source(new_database):
    connector = PostgreSQLConnector()
    with (
        pytest.raises(SourceError, match="read-only"),
        connector.connect({**new_database(), "timeout": 60}) as connection,
    ):
        connection.execute(text("CREATE TABLE public.t (i int)"))


def test_statements_on_the_source_do_not_grow_with_tables_and_views(new_database):
    def script(tables):
        return "".join(
            f"CREATE TABLE t{i} (id int PRIMARY KEY, a int); CREATE VIEW v{i} AS SELECT a FROM t{i};"
            for i in range(tables)
        )

    assert statements_of(new_database(script(2))) == statements_of(new_database(script(40)))


def test_connection_that_drops_in_the_middle_says_so(new_database, postgresql_url):
    config = new_database("CREATE TABLE a (i int); CREATE TABLE b (i int)")
    batches = get_connector("postgresql").collect(config, CollectOptions(root="r", batch_size=1), Silent())
    next(batches)
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [config["database"]]
        )
    with pytest.raises(SourceError) as caught:
        list(batches)
    assert (caught.value.code, caught.value.details["retry"]) == ("CONNECTION_LOST", True)


def test_link_local_address_is_refused(bob_actor):
    _, result = failing({"host": "169.254.169.254", "database": "d"}, bob_actor)
    assert result.code == "BLOCKED"


def test_private_network_is_refused_where_the_setting_says_so(bob_actor, new_database, settings):
    settings.DENY_PRIVATE_NETWORKS = True
    _, result = failing(new_database(), bob_actor)
    assert (result.code, "DENY_PRIVATE_NETWORKS" in result.message) == ("BLOCKED", True)


def test_sessions_are_left_as_they_were(new_database):
    """A pooler may hand the session to another program after each statement."""
    with PostgreSQLConnector().connect(new_database()) as connection:
        connection.execute(text("SELECT 1"))
        cursor = connection.connection.cursor()
        for name, value in (("transaction_read_only", "off"), ("search_path", '"$user", public')):
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (value,)
