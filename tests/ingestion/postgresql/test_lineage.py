"""What views of PostgreSQL are made from: by their SQL, and where that cannot be parsed by what the server keeps."""

import pytest

from tests.ingestion.postgresql.reading import SHOP, assets, edges, statements_of

pytestmark = pytest.mark.postgresql


def test_views_bring_lineage_to_the_column(collect_database):
    collect_database(SHOP)
    assert edges("DEPENDS_ON") == {
        ("sales", "orders"): {"column_mapping": {"latest": ["at"]}},
        ("sales", "customers"): {"column_mapping": {"customer": ["name"]}},
        ("sold", "orders"): {"column_mapping": {"sku": ["sku"]}},
    }


UNKNOWN_TO_THE_PARSER = """
CREATE SCHEMA far;
CREATE TABLE t (a int, doc xml, "odd (name" text, n int, unused int);
CREATE TABLE far.joined (id int, label text);
CREATE VIEW plain AS SELECT a FROM t;
CREATE VIEW odd AS
    SELECT a AS renamed, "odd (name" AS "out )name", xmlserialize(CONTENT doc AS text) AS c, label
    FROM t JOIN far.joined j ON j.id = t.n;
ALTER VIEW odd RENAME COLUMN renamed TO a;
CREATE MATERIALIZED VIEW kept AS
    WITH few AS (SELECT plain.a, doc FROM plain, t AS other WHERE other.n > 1)
    SELECT x.v, few.a FROM few, XMLTABLE('/r' PASSING doc COLUMNS v int PATH 'v') x;
CREATE VIEW either AS SELECT a FROM t WHERE xmlserialize(CONTENT doc AS text) <> '' UNION SELECT id FROM far.joined;
CREATE VIEW alone AS SELECT xmlserialize(CONTENT '<a/>'::xml AS text) AS c;
"""


def test_view_that_the_parser_does_not_know_has_the_lineage_that_the_server_keeps(collect_database):
    job, name = collect_database(UNKNOWN_TO_THE_PARSER)
    told = {one["object"].rpartition(".")[2]: one["message"] for one in job.result["warnings"]}
    assert told.keys() == {"odd", "kept", "either", "alone"}
    assert told["odd"].startswith("Its SQL cannot be read: ")
    assert told["odd"].endswith("; its lineage is what the server keeps of it")
    assert [one["name"] for one in assets()[f"prod.{name}.public.odd"].schema] == ["a", "out )name", "c", "label"]
    assert edges("DEPENDS_ON") == {
        ("plain", "t"): {"column_mapping": {"a": ["a"]}},
        ("odd", "t"): {
            "column_mapping": {"a": ["a"], "out )name": ["odd (name"]},
            "source_columns": ["a", "doc", "odd (name", "n"],
        },
        ("odd", "joined"): {"column_mapping": {"label": ["label"]}, "source_columns": ["id", "label"]},
        # The column of the CTE is a column of the view it reads.
        ("kept", "plain"): {"column_mapping": {"a": ["a"]}, "source_columns": ["a"]},
        ("kept", "t"): {"source_columns": ["doc", "n"]},
        # What a union gives is no column as it is.
        ("either", "t"): {"source_columns": ["a", "doc"]},
        ("either", "joined"): {"source_columns": ["id"]},
    }


def test_views_unknown_to_the_parser_are_asked_for_in_one_statement(new_database):
    def script(views):
        return "CREATE TABLE t (a int, doc xml);" + "".join(
            f"CREATE VIEW v{i} AS SELECT a, xmlserialize(CONTENT doc AS text) AS c FROM t;" for i in range(views)
        )

    none, one, many = (statements_of(new_database(script(views))) for views in (0, 1, 30))
    assert (one - none, many - one) == (1, 0)
