"""What the code imports is what the requirements name: a fresh environment lacks nothing."""

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests import pins

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ("config", "contracts", "accounts", "audit", "catalog", "registry", "ingestion")
LINE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)\s+# \S")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(*files: str) -> dict[str, str]:
    """Distribution → version of every requirement line; each is pinned and says why it is there."""
    found = {}
    for file in files:
        for line in (ROOT / file).read_text().splitlines():
            if not line.strip() or line.startswith(("#", "-r ")):
                continue
            match = LINE.match(line)
            assert match, f"{file}: '{line}' is not pinned, or gives no reason"
            found[canonical(match[1])] = match[2]
    return found


def imported(folders: tuple[str, ...]) -> dict[str, str]:
    """Top-level module → one file that imports it, without the standard library and the project itself."""
    found = {}
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                    names = [node.module]
                else:
                    continue
                for name in names:
                    found[name.partition(".")[0]] = str(path.relative_to(ROOT))
    ours = {*HOUSE, "tests", "manage", "__future__", *sys.stdlib_module_names}
    return {name: file for name, file in found.items() if name not in ours}


@pytest.mark.parametrize(
    ("folders", "files"),
    [(HOUSE, ["requirements.txt"]), (("tests",), ["requirements.txt", "requirements-dev.txt"])],
    ids=["application", "tests"],
)
def test_every_import_is_a_requirement(folders, files):
    providers = metadata.packages_distributions()
    requirements = pinned(*files)
    missing = {
        module: file
        for module, file in imported(folders).items()
        if module in providers and not {canonical(name) for name in providers[module]} & set(requirements)
    }
    assert not missing


def test_environment_is_the_one_that_is_pinned():
    for name, version in pinned("requirements.txt").items():
        assert metadata.version(name) == version


def test_what_the_requirements_bring_is_pinned_too():
    """Else a new machine gets other versions than these tests ran on. `make pins` writes the lists anew."""
    for file, text in pins.lists().items():
        assert (ROOT / file).read_text() == text, f"{file}: run `make pins`"
