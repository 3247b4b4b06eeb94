"""CSAF 2.0 advisories, validated by the csaf library: its schema, its CVSS schemas, the mandatory tests."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from registry.documents.parts import Claim, Document, PackageName, split_purl
from registry.documents.reading import refuse

MEDIA_TYPE = "application/csaf+json"
VERSION = "2.0"

_STATUSES = {
    "known_affected": "affected",
    "first_affected": "affected",
    "last_affected": "affected",
    "known_not_affected": "not_affected",
    "fixed": "fixed",
    "first_fixed": "fixed",
    "under_investigation": "under_investigation",
}


def read_csaf(value: Any) -> Document:
    """A parsed document. Raises Invalid with the JSON Pointers of what is wrong, as dotted paths."""
    about = value.get("document") if isinstance(value, dict) else None
    if not isinstance(about, dict) or about.get("csaf_version") != VERSION:
        raise refuse([("document.csaf_version", f"CSAF is read in {VERSION}")])
    report = _validate()(value)
    if not report.overall_valid:
        raise refuse(_problems(report))
    tracking = about["tracking"]
    found = Document(
        type="vex",
        format="csaf",
        media_type=MEDIA_TYPE,
        spec_version=VERSION,
        name=about["title"],
        version=tracking["version"],
        serial_number=tracking["id"],
        metadata=_metadata(about),
    )
    products = _Products(value.get("product_tree") or {})
    for vulnerability in value.get("vulnerabilities") or ():
        found.claims.extend(_claims(vulnerability, products))
    return found


@lru_cache(maxsize=1)
def _validate() -> Callable[[Any], Any]:
    """The library's validator. It is loaded with the first advisory: it takes 40 MB and a second, and

    configures the root logger on import, which a handler that is there already keeps it from.
    """
    root, guard = logging.getLogger(), logging.NullHandler()
    root.addHandler(guard)
    try:
        library = importlib.import_module("csaf.csaf.v20")
    finally:
        root.removeHandler(guard)
    found: Callable[[Any], Any] = library.validate
    return found


def _problems(report: Any) -> Iterator[tuple[str, str]]:
    for result in report.results:
        if result.passed or result.skipped:
            continue
        for error in result.errors:
            path = error.instance_path.strip("/").replace("/", ".")
            yield path, f"{error.message} ({result.id} {result.title})"


def _metadata(about: Mapping[str, Any]) -> dict[str, Any]:
    tracking, publisher = about["tracking"], about["publisher"]
    engine = (tracking.get("generator") or {}).get("engine") or {}
    found: dict[str, Any] = {
        "timestamp": tracking["current_release_date"],
        "category": about["category"],
        "publisher": publisher["name"],
        "status": tracking["status"],
    }
    if engine:
        found["generator"] = {key: engine[key] for key in ("name", "version") if engine.get(key)}
    return found


class _Products:
    """The product tree: what each product id stands for."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self.known: dict[str, Mapping[str, Any]] = {}
        self.parts: dict[str, str] = {}
        for product in tree.get("full_product_names") or ():
            self.known[product["product_id"]] = product
        self._branches(tree.get("branches") or ())
        for relation in tree.get("relationships") or ():
            product = relation["full_product_name"]
            self.known[product["product_id"]] = product
            self.parts[product["product_id"]] = relation["product_reference"]

    def _branches(self, branches: Any) -> None:
        for branch in branches:
            if "product" in branch:
                self.known[branch["product"]["product_id"]] = branch["product"]
            self._branches(branch.get("branches") or ())

    def named(self, product_id: str) -> dict[str, Any]:
        """The name, package and version of a product; of a part in a whole, those of the part."""
        product = self.known.get(product_id, {})
        purl, seen = _purl(product), {product_id}
        part = self.parts.get(product_id)
        while not purl and part and part not in seen:
            seen.add(part)
            purl = _purl(self.known.get(part, {}))
            part = self.parts.get(part)
        split = split_purl(purl) if purl else None
        package: PackageName | None = split[0] if split else None
        return {
            "product": purl or product.get("name", product_id),
            "package": package,
            "version": split[1] if split else "",
        }


def _purl(product: Mapping[str, Any]) -> str:
    return str((product.get("product_identification_helper") or {}).get("purl") or "")


def _claims(vulnerability: Mapping[str, Any], products: _Products) -> Iterator[Claim]:
    ids = [entry["text"] for entry in vulnerability.get("ids") or ()]
    names = [name for name in (vulnerability.get("cve"), *ids) if name] or [vulnerability.get("title") or "unnamed"]
    flags = {pid: flag["label"] for flag in vulnerability.get("flags") or () for pid in flag.get("product_ids") or ()}
    details = dict(_details(vulnerability))
    said: set[tuple[str, str]] = set()
    for group, product_ids in (vulnerability.get("product_status") or {}).items():
        status = _STATUSES.get(group)
        for product_id in product_ids if status else ():
            if status is None or (status, product_id) in said:
                continue
            said.add((status, product_id))
            yield Claim(
                vulnerability=names[0],
                aliases=names[1:],
                status=status,
                justification=flags.get(product_id, "") if status == "not_affected" else "",
                detail=details.get(product_id, ""),
                **products.named(product_id),
            )


def _details(vulnerability: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """For each product id the impact that was stated, or else what to do about it."""
    for remedy in vulnerability.get("remediations") or ():
        for product_id in remedy.get("product_ids") or ():
            yield product_id, remedy["details"]
    for threat in vulnerability.get("threats") or ():
        if threat["category"] == "impact":
            for product_id in threat.get("product_ids") or ():
                yield product_id, threat["details"]
