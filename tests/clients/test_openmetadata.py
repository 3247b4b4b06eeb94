"""The public client of the entities contract, as it is, against a server that runs."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role
from accounts.services import create_api_key
from catalog.models import Asset, Relationship
from tests.clients.conftest import PYTHON

HERE = Path(__file__).parent
SECONDS = 300
SHOP = (HERE / "shop.sql").read_text()
SAID = """
CREATE TABLE sales.archive (id int, customer_id bigint, total numeric(12,2));
CREATE TABLE public.pg_stat_statements (userid oid, dbid oid, query text, total_exec_time double precision);
INSERT INTO public.pg_stat_statements SELECT usesysid, pg_database.oid,
  'INSERT INTO sales.archive SELECT id, customer_id, total FROM sales.orders', 1
  FROM pg_user, pg_database WHERE usename = current_user AND datname = current_database();
"""
"""What was said to the database: a table stands for the view of an extension that a server must be started with."""


@pytest.fixture
def key(transactional_db, alice_actor, acme) -> str:
    return create_api_key(actor=alice_actor, organization=acme, name="bot", role=Role.EDITOR).key


def run(*command: str | Path) -> str:
    """What the command printed; it must end well."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def test_its_api_class_makes_reads_describes_relates_and_deletes(live_server, key):
    said = run(PYTHON, HERE / "openmetadata_entities.py", f"{live_server.url}/api", key)
    steps = ["connects", "creates", "gets", "lists", "describes", "relates", "deletes"]
    assert [line for line in said.splitlines() if line in steps] == steps
    assert not Asset.objects.filter(deleted_at=None).exists()


@pytest.fixture
def workflow(live_server, key, new_database, tmp_path) -> Callable[..., str]:
    """Run one of its workflows over a database with what it says of its source; what it printed."""
    config = new_database(SHOP + SAID)
    connection = {
        "type": "Postgres",
        "username": config["username"],
        "authType": {"password": config.get("password", "")},
        "hostPort": f"{config['host']}:{config['port']}",
        "database": config["database"],
    }

    def work(type_: str, **source: Any) -> str:
        said = {
            "source": {
                "type": type_,
                "serviceName": "shop",
                "serviceConnection": {"config": connection},
                "sourceConfig": {"config": source},
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {
                "openMetadataServerConfig": {
                    "hostPort": f"{live_server.url}/api",
                    "authProvider": "openmetadata",
                    "securityConfig": {"jwtToken": key},
                }
            },
        }
        path = tmp_path / f"{type_}.json"
        path.write_text(json.dumps(said))
        return run(Path(PYTHON).with_name("metadata"), "ingest", "-c", path)

    return work


@pytest.mark.postgresql
def test_its_workflow_ingests_a_postgresql_database_whole(workflow):
    for _ in range(2):
        said = workflow("postgres", type="DatabaseMetadata")
        assert re.findall(r"Workflow Success %: ([\d.]+)", said) == ["100.0"]
        assert re.findall(r"Errors: (\d+)", said) == ["0", "0"]
    found: Any = {asset.qualified_name.split(".", 2)[-1]: asset for asset in Asset.objects.filter(deleted_at=None)}
    # The client writes a quote in a name as a word of its own.
    odd = {'"t.with.dots"', "Space Name", "slash/ed", "percent%25", "数据表", "quo__reserved__quote__ted"}
    assert found.keys() >= {f"Odd Schema.{name}" for name in odd} | {"sales.orders", "sales.twice"}
    assert found["sales.spending"].type == "VIEW"
    assert "SELECT" in found["sales.spending"].metadata["definition"].upper()
    assert [column["name"] for column in found["public.customers"].schema][:3] == ["id", "name", "email"]
    assert found["public.customers"].description == "People who buy"
    assert found["public.customers"].schema[0]["primary_key"] is True
    assert found["sales.lines"].metadata["primary_key"] == ["order_id", "line"]
    inside = Relationship.objects.filter(source=found["sales"].pk, type="CONTAINS", target__deleted_at=None)
    assert inside.filter(target__type="TABLE").count() == 17  # it takes a partition for a part of its table


@pytest.mark.postgresql
def test_its_lineage_workflow_finds_what_views_are_made_of(workflow):
    workflow("postgres", type="DatabaseMetadata")
    for _ in range(2):
        said = workflow("postgres-lineage", type="DatabaseLineage")
        assert re.findall(r"Workflow Success %: ([\d.]+)", said) == ["100.0"]
        assert set(re.findall(r"Errors: (\d+)", said)) == {"0"}
    edges = Relationship.objects.filter(type="DEPENDS_ON").values_list("source__name", "target__name")
    assert set(edges) >= {("spending", "customers"), ("spending", "orders"), ("top", "spending"), ("archive", "orders")}
