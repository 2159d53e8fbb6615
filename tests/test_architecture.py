"""The rules about how the code is put together, read from the source itself."""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("gateway", "schema", "connectors")

MODULE_LINES_MAX = 300
FUNCTION_LINES_MAX = 70
BANNED_NAMES = {"utils", "helpers", "common", "misc", "manager"}

# What each part may import besides itself and the standard library; the longest matching name decides.
ALLOWED = {
    "gateway.inventory": set(),
    "gateway.planning": {"gateway.inventory"},
    "gateway.operations": {"gateway.inventory", "gateway.planning", "cachetools", "structlog"},
    "gateway.store": {"gateway.inventory", "gateway.planning", "bson", "cachetools", "pymongo", "structlog"},
    "gateway.store.driver": {"gateway.inventory", "bson", "motor", "pymongo", "structlog"},
    "gateway.transport": {"graphql", "orjson", "starlette", "strawberry", "structlog", "cachetools"},
    "schema": {
        "gateway.inventory",
        "gateway.operations",
        "gateway.planning",
        "gateway.store.views",
        "aiodataloader",
        "graphql",
        "strawberry",
    },
    "connectors": {
        "aiobotocore",
        "aiohttp",
        "botocore",
        "authlib",
        "cachetools",
        "cryptography",
        "joserfc",
        "multidict",
        "orjson",
        "pydantic",
        "structlog",
        "tenacity",
        "yarl",
    },
    "connectors.platforms": {"connectors", "orjson", "pydantic"},
    "connectors.simulated": {
        "connectors",
        "aiohttp",
        "cryptography",
        "graphql",
        "joserfc",
        "multidict",
        "orjson",
        "pydantic",
        "yarl",
    },
}
# Each of these may be imported in one place only.
CONFINED = {"motor": "gateway.store.driver", "aiohttp": "connectors", "mongomock_motor": "tests"}


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    lines: int

    @classmethod
    def at(cls, path: Path, name: str) -> Module:
        source = path.read_text()
        tree = ast.parse(source)
        return cls(name, path, tree, tuple(ast.walk(tree)), source.count("\n"))

    def imports(self, *, at_run_time: bool = False) -> Iterator[str]:
        """Every imported module, ours as the module that really is meant, others by their full name."""
        unseen = _for_type_checkers(self.tree) if at_run_time else set()
        for node in self.nodes:
            if node in unseen:
                continue
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}: relative imports hide where a name comes from"
                base = node.module or ""
                for alias in node.names:
                    member = f"{base}.{alias.name}"
                    yield member if member in modules() else base


@cache
def modules() -> dict[str, Module]:
    found = {}
    for part in PRODUCT:
        for path in sorted((ROOT / part).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module.at(path, name)
    return found


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def none_of(violations: Iterable[str]) -> bool:
    """True for nothing; else the test fails and lists every one."""
    found = sorted(set(violations))
    if found:
        pytest.fail("\n".join(found), pytrace=False)
    return True


def test_each_part_imports_only_what_lies_further_in() -> None:
    assert none_of(
        f"{module.name} imports {imported}"
        for module in modules().values()
        for imported in module.imports()
        if not _may_import(module.name, imported)
    )


def test_a_platform_knows_no_other_platform_and_the_machinery_knows_none() -> None:
    assert none_of(
        f"{module.name} imports {imported}"
        for module in modules().values()
        for imported in module.imports()
        if is_within(imported, "connectors.platforms")
        and module.name != "connectors"  # the registry
        and _platform(imported) != _platform(module.name)
    )


def test_drivers_and_clients_are_imported_in_one_place() -> None:
    assert none_of(
        f"{module.name} imports {imported}"
        for module in modules().values()
        for imported in module.imports()
        for library, place in CONFINED.items()
        if is_within(imported, library) and not is_within(module.name, place)
    )


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {
        module.name: {name for name in module.imports(at_run_time=True) if name in modules() and name != module.name}
        for module in modules().values()
    }
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_modules_and_functions_stay_small() -> None:
    long_modules = [f"{m.path}: {m.lines} lines" for m in _all_modules() if m.lines > MODULE_LINES_MAX]
    long_functions = [
        f"{module.path}:{node.lineno} {node.name}: {lines} lines"
        for module in _all_modules()
        for node in module.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert none_of([*long_modules, *long_functions])


def test_nothing_is_named_after_nothing() -> None:
    names = [(module.path, part) for module in _all_modules() for part in module.name.split(".")]
    names += [
        (module.path, node.name)
        for module in _all_modules()
        for node in module.nodes
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert none_of(f"{path}: {name}" for path, name in names if BANNED_NAMES & set(_words(name)))


def test_only_the_command_line_prints() -> None:
    assert none_of(
        f"{module.path}:{call.lineno}"
        for module in modules().values()
        for call in _calls(module)
        if isinstance(call.func, ast.Name)
        and call.func.id == "print"
        and not is_within(module.name, "gateway.cli")
        and not module.name.endswith(".__main__")
    )


def test_nothing_blocks_the_event_loop_with_time_sleep() -> None:
    assert none_of(
        f"{module.path}:{call.lineno}"
        for module in modules().values()
        for call in _calls(module)
        if _name(call.func) in ("time.sleep", "sleep")
    )
    assert none_of(
        module.name
        for module in modules().values()
        for node in module.nodes
        if isinstance(node, ast.ImportFrom)
        and node.module == "time"
        and "sleep" in {alias.name for alias in node.names}
    )


def _for_type_checkers(tree: ast.Module) -> set[ast.AST]:
    """What stands under `if TYPE_CHECKING:`."""
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {inner for block in blocks for inner in ast.walk(block)}


def _platform(name: str) -> str:
    """`connectors.platforms.shopify` of any module in it."""
    return ".".join(name.split(".")[:3])


def _may_import(importer: str, imported: str) -> bool:
    part = max((name for name in ALLOWED if is_within(importer, name)), key=len, default=None)
    if part is None or imported.split(".")[0] in sys.stdlib_module_names:
        return True
    package = part.rpartition(".")[0] if part == "gateway.store.driver" else part
    return any(is_within(imported, allowed) for allowed in (*ALLOWED[part], package))


@cache
def _all_modules() -> list[Module]:
    """The product's and the tests' own."""
    tests = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        tests.append(Module.at(path, ".".join(path.relative_to(ROOT).with_suffix("").parts)))
    return [*modules().values(), *tests]


def _calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in module.nodes if isinstance(node, ast.Call))


def _name(called: ast.expr) -> str:
    """A called name or attribute of a name; what else is called has none."""
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return f"{called.value.id}.{called.attr}"
    return called.id if isinstance(called, ast.Name) else ""


def _words(name: str) -> list[str]:
    separated = "".join(f"_{letter}" if letter.isupper() else letter for letter in name)
    return separated.lower().split("_")
