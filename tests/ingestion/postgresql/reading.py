"""What tests of the PostgreSQL connector read, and how they look at what came of it."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from catalog.models import Asset, Relationship
from ingestion.connectors.base import CollectOptions
from ingestion.connectors.registry import get_connector
from tests.ingestion.observing import Silent

SHOP = """
COMMENT ON SCHEMA public IS 'What customers see';
CREATE SCHEMA stock;
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE TABLE public.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name varchar(80) NOT NULL,
    balance numeric(12, 2) DEFAULT 0,
    tags text[],
    mood mood
);
COMMENT ON TABLE public.customers IS 'Who buys';
COMMENT ON COLUMN public.customers.name IS 'As on the invoice';
CREATE TABLE stock.items (sku text, place int, PRIMARY KEY (place, sku));
CREATE TABLE public.orders (
    id int PRIMARY KEY, customer_id bigint REFERENCES public.customers, place int, sku text, at date NOT NULL,
    CONSTRAINT item FOREIGN KEY (place, sku) REFERENCES stock.items (place, sku)
);
CREATE INDEX orders_by_year ON public.orders (extract(year FROM at), id);
CREATE VIEW public.sales AS
    WITH recent AS (SELECT * FROM public.orders WHERE at > '2020-01-01')
    SELECT c.name AS customer, count(*) AS orders, max(r.at) AS latest
    FROM recent r JOIN public.customers c ON c.id = r.customer_id GROUP BY c.name;
CREATE MATERIALIZED VIEW stock.sold AS SELECT sku, sum(1) AS times FROM public.orders GROUP BY sku;
CREATE TABLE public.events (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE public.events_2024 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
"""


def assets() -> dict[str, Asset]:
    return {asset.qualified_name: asset for asset in Asset.objects.filter(deleted_at=None)}


def edges(kind: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = Relationship.objects.filter(type=kind).select_related("source", "target")
    return {(edge.source.name, edge.target.name): edge.metadata for edge in found}


def statements_of(config, batch_size=1000) -> int:
    count = 0

    def note(*args):
        nonlocal count
        count += 1

    event.listen(Engine, "before_cursor_execute", note)
    try:
        options = CollectOptions(root="r", batch_size=batch_size)
        for _ in get_connector("postgresql").collect(config, options, Silent()):
            pass
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return count
