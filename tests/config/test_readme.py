"""The README tells the truth about the environment and the commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.config.running import ROOT

README = (ROOT / "README.md").read_text()
READERS = r"\benv\.(?:text|flag|integer|choice|names|networks|path|database|url|rate|quota)\(\s*\"([A-Z_]+)\""


def test_every_variable_that_is_read_is_in_the_table_and_no_other():
    read = {name for file in (ROOT / "config").rglob("*.py") for name in re.findall(READERS, file.read_text())}
    table = re.findall(r"^\| (`.*?) \|", README, re.MULTILINE)
    told = {name for row in table for name in re.findall(r"`([A-Z_]+)`", row)}
    assert read - told == set(), "read, and not told"
    assert told - read == set(), "told, and not read"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([a-z]+)`", README))))
def test_every_make_target_it_names_is_there(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:docs|\.ci)/[\w/.]+|[A-Z]+\.md)`", README))))
def test_every_file_it_names_is_there(path):
    assert Path(ROOT / path).exists()


def test_every_command_it_names_is_there():
    section = README.partition("## Commands")[2].partition("\n## ")[0]
    commands = set(re.findall(r"`([a-z_]+)[ `]", section))
    known = {file.stem for file in ROOT.glob("*/management/commands/*.py") if file.stem != "__init__"}
    assert commands
    assert commands <= known
    assert known - commands <= {"up"}, "a command that the README does not name"
