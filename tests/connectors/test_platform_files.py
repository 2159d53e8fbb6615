"""How the platforms' files are cut: short, and what is outside of them knows none of them."""

from __future__ import annotations

import ast
import io
import re
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors import CONNECTORS
from connectors.base import Connector

MACHINERY = Path(__file__).parents[2] / "connectors"
PLATFORMS = MACHINERY / "platforms"
REGISTRY = MACHINERY / "__init__.py"
LINES_MEDIAN_MAX = 120
LINES_MAX = 240
NOT_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def lines_of_code(source: str) -> int:
    """Without blank lines, comments and docstrings."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = (range(token.start[0], token.end[0] + 1) for token in tokens if token.type not in NOT_CODE)
    return len({line for span in spans for line in span} - docstring_lines(ast.parse(source)))


def docstring_lines(tree: ast.Module) -> set[int]:
    """Of modules, classes, functions and attributes."""
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    return {line for text in texts for line in range(text.lineno, (text.end_lineno or text.lineno) + 1)}


def words_of(source: str) -> Iterator[str]:
    """Every name and every text in the code."""
    tree = ast.parse(source)
    unread = docstring_lines(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if node.lineno not in unread:
                yield text
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ImportFrom(module=str(name)):
                yield name


def plain(text: str) -> str:
    """Its words, between spaces."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return f" {' '.join(re.findall(r'[a-z0-9]+', apart.lower()))} "


def names_of(connector: Connector[Any]) -> set[str]:
    """What a platform is called for short: `bigcommerce` and `BigCommerce` of the same."""
    return {plain(connector.name.split("-")[0]), plain(connector.title.split()[0])}


NAMES = {name for connector in CONNECTORS.values() for name in names_of(connector)}


def test_a_platforms_files_are_short() -> None:
    sources = {path: path.read_text() for path in PLATFORMS.rglob("*.py") if path.name != "__init__.py"}
    lines = {path: lines_of_code(source) for path, source in sources.items()}
    assert {str(path): count for path, count in lines.items() if count > LINES_MAX} == {}
    assert statistics.median(lines.values()) <= LINES_MEDIAN_MAX


@pytest.mark.parametrize("path", sorted(MACHINERY.glob("*.py")), ids=lambda path: path.name)
def test_the_machinery_names_no_platform(path: Path) -> None:
    if path != REGISTRY:
        found = (plain(word) for word in (path.stem, *words_of(path.read_text())))
        assert {name.strip() for word in found for name in NAMES if name in word} == set()


def test_only_code_counts_as_code() -> None:
    source = '"""About\n\nthis."""\n\n\ndef f():\n    """Why."""\n    # How.\n    return (\n        "a"\n    )\n'
    assert lines_of_code(source) == 4


@pytest.mark.parametrize(
    "code", ["import zoho", "x = 'a Shopify shop'", "class OdooSession: ...", "def for_bigcommerce(): ...", "a.sap()"]
)
def test_a_platforms_name_is_found_wherever_it_stands(code: str) -> None:
    assert any(name in plain(word) for word in words_of(code) for name in NAMES)
