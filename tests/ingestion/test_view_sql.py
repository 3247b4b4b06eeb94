"""What a view is made from, in four dialects."""

import pytest

from ingestion.connectors.view_sql import SQL_LIMIT, UnreadableView, parse_view, tables_of, trace

COLUMNS = {
    ("public", "users"): ["id", "name", "Email"],
    ("public", "orders"): ["id", "user_id", "total"],
    ("stock", "items"): ["sku", "price"],
}


def sources(sql, view_columns, dialect="postgres", columns=COLUMNS, default_schema="public"):
    query = parse_view(sql, dialect=dialect)
    found = trace(query, dialect=dialect, default_schema=default_schema, columns=columns, view_columns=view_columns)
    assert found.problem == ""
    return found.columns


@pytest.mark.parametrize(
    ("sql", "outputs", "expected"),
    [
        (
            "SELECT id, upper(name) AS n FROM users",
            ["id", "n"],
            {("public", "users"): {"id": ["id"], "n": ["name"]}},
        ),
        (
            'SELECT u."Email" || i.sku AS label FROM public.users u CROSS JOIN stock.items i',
            ["label"],
            {("public", "users"): {"label": ["Email"]}, ("stock", "items"): {"label": ["sku"]}},
        ),
        (
            "WITH users AS (SELECT total FROM orders) SELECT total FROM users",
            ["total"],
            {("public", "orders"): {"total": ["total"]}},
        ),
        (
            "SELECT id FROM users UNION ALL SELECT user_id FROM orders",
            ["id"],
            {("public", "users"): {"id": ["id"]}, ("public", "orders"): {"id": ["user_id"]}},
        ),
        (
            "SELECT s.t FROM (SELECT sum(total) + max(id) AS t FROM orders GROUP BY user_id) s",
            ["t"],
            {("public", "orders"): {"t": ["total", "id"]}},
        ),
        (
            "SELECT id FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE user_id = users.id)",
            ["id"],
            {("public", "users"): {"id": ["id"]}, ("public", "orders"): {}},
        ),
        (
            "SELECT * FROM orders",
            ["id", "user_id", "total"],
            {("public", "orders"): {n: [n] for n in COLUMNS["public", "orders"]}},
        ),
        ("SELECT 1 AS one, now() AS at", ["one", "at"], {}),
        ("SELECT a FROM no_such_table", ["a"], {}),
        (
            "WITH RECURSIVE up AS (SELECT id, user_id FROM orders UNION SELECT o.id, o.user_id FROM orders o JOIN up ON up.id = o.user_id) SELECT id FROM up",  # noqa: E501
            ["id"],
            {("public", "orders"): {"id": ["id"]}},
        ),
    ],
)
def test_lineage_of_queries(sql, outputs, expected):
    found = sources(sql, outputs)
    assert {table: {out: sorted(made) for out, made in mapping.items()} for table, mapping in found.items()} == {
        table: {out: sorted(made) for out, made in mapping.items()} for table, mapping in expected.items()
    }


def test_create_view_with_its_own_column_names():
    columns = {("main", "Users"): ["Id", "Name"]}
    found = sources(
        "CREATE VIEW v (a, B) AS SELECT id, NAME FROM main.users", ["a", "B"], "sqlite", columns, default_schema="main"
    )
    assert found == {("main", "Users"): {"a": ["Id"], "B": ["Name"]}}


def test_mysql_definition_as_the_server_writes_it():
    columns = {("shop", "users"): ["id", "Name"], ("other", "t"): ["x"]}
    found = sources(
        "select `shop`.`users`.`Name` AS `n`,`other`.`t`.`x` AS `x` from (`shop`.`users` join `other`.`t`)",
        ["n", "x"],
        "mysql",
        columns,
        default_schema="shop",
    )
    assert found == {("shop", "users"): {"n": ["Name"]}, ("other", "t"): {"x": ["x"]}}


def test_tables_of_leaves_ctes_out_but_not_tables_of_the_same_name_elsewhere():
    query = parse_view("WITH users AS (SELECT 1 AS x) SELECT * FROM users, stock.users", dialect="postgres")
    assert tables_of(query, default_schema="public") == {("stock", "users")}


@pytest.mark.parametrize(
    "sql", ["", "SELEC id FROM", "DROP TABLE users", "CREATE VIEW", "SELECT (" * 3000, "SELECT 1 " + " " * SQL_LIMIT]
)
def test_what_is_no_query_is_unreadable_in_one_line(sql):
    with pytest.raises(UnreadableView) as caught:
        parse_view(sql, dialect="postgres")
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("dbo.users", {("dbo", "users"): {"id": ["id"]}}),
        ("Shop.dbo.users", {("dbo", "users"): {"id": ["id"]}}),
        ("[shop]..users", {("dbo", "users"): {"id": ["id"]}}),
        ("archive.dbo.users", {}),
        ("[archive]..users", {}),
    ],
)
def test_a_table_of_another_database_is_none_of_this_one(table, found):
    query = parse_view(f"SELECT id FROM {table}", dialect="tsql", database="shop")
    columns = {("dbo", "users"): ["id"]}
    traced = trace(query, dialect="tsql", default_schema="dbo", columns=columns, view_columns=["id"])
    assert (traced.columns, traced.problem) == (found, "")
