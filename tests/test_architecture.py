"""The house stands: floors hold (imports inside functions too), no cycles, and the plugin loads light."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "plugins" / "weirdgen"
FLOOR = {
    "errors": 0, "content": 0,
    "schema": 1, "stats": 1,
    "catalog": 2, "endpoints": 2, "store": 2, "reporting": 2, "organisms": 2,
    "sampler": 3, "pages": 3, "whitebox": 3,
    "judges": 4,
    "trials": 5,
    "demo": 5,
    "evidence": 6, "fleet": 6,
    "plugin": 7,
    "commands": 8,
    "cli": 9, "__main__": 10,
}  # fmt: skip
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_bundled" not in path.parts)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {dotted(path): path for path in MODULES}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, imported weirdgen module) for every import statement, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "weirdgen":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in NAMES else str(node.module)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.split(".")[0] == "weirdgen")


@pytest.mark.parametrize("path", [p for p in MODULES if room(p) != "__init__"], ids=dotted)
def test_imports_only_go_down(path: Path) -> None:
    mine = room(path)
    upward = [
        f"{dotted(path)}:{line} imports {name}"
        for line, name in imports(path)
        if name != "weirdgen" and name.split(".")[1] != mine and FLOOR[name.split(".")[1]] >= FLOOR[mine]
    ]
    assert upward == []


def test_no_relative_imports_hide_from_the_check() -> None:
    hidden = [
        f"{dotted(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert hidden == []


def test_no_import_cycles_lazy_imports_included() -> None:
    graph = {
        dotted(path): {name for _, name in imports(path) if name != dotted(path) and name != "weirdgen"}
        for path in MODULES
        if room(path) != "__init__"
    }
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) >= set(graph)


def test_loading_the_plugin_needs_nothing_but_pytest_and_the_standard_library() -> None:
    script = (
        "import sys, pytest; before = set(sys.modules); import weirdgen.plugin;"
        "new = {m.split('.')[0] for m in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'weirdgen'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_listing_tests_loads_neither_numbers_nor_engine_nor_the_world_of_the_organisms() -> None:
    script = (
        "import sys; read = set();"
        "sys.addaudithook(lambda event, args: read.add(str(args[0])) if event == 'open' else None);"
        "import pytest;"
        "status = pytest.main(['suites', '--model=organism:base', '--collect-only', '-q', '-p', 'no:cacheprovider']);"
        "heavy = {'numpy', 'scipy', 'openai', 'tokenizers', 'weirdgen.trials.gate', 'weirdgen.sampler.engine'};"
        "print(int(status), sorted(heavy & set(sys.modules)), sum('old_bird_names.toml' in name for name in read),"
        "sum('world/text' in name.replace('\\\\', '/') for name in read))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 [] 1 0"


def test_every_module_says_what_it_owns() -> None:
    silent = [dotted(p) for p in MODULES if ast.get_docstring(ast.parse(p.read_text(encoding="utf-8"))) is None]
    assert silent == []
