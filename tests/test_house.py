"""The rules of the house that a script can see; each exception stands here by name, with a reason."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FUNCTION_HARD, FUNCTION_SOFT, FILE_HARD, CLASS_HARD, PAGE_HARD, MAIN_HARD = (
    60,
    40,
    500,
    150,
    100,
    60,
)
ARGUMENTS = 6
SOFT_SHARE = 0.02  # share of functions that may be longer than the soft limit
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
SQL = re.compile(r"\b(SELECT\s|INSERT INTO|DELETE FROM|UPDATE \w+ SET|FROM read_parquet)")
SQL_ROOMS = (
    "analytics/query/",
    "analytics/sources/",
    "analytics/summaries/",
    "app/ingest/",
    "app/state/",
    "app/health.py",
)
PATHS = re.compile(r"(^|[^A-Za-z0-9_.-])/(w[o]rk|r[o]ot|h[o]me/\w+)/")
HOSTS = re.compile(r"index-[u]rl|files\.python[h]osted|registry\.npm[j]s|pypi\.or[g]/simple")

# "path:function", "path:class" or "path": why it may be larger than the limit
EXCEPTIONS: dict[str, str] = {}


def tracked(*suffixes: str) -> list[Path]:
    """Files of the project, whether committed yet or not."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    paths = [ROOT / name for name in listed]
    return [p for p in paths if p.is_file() and (not suffixes or p.suffix in suffixes)]


CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


PYTHON = tracked(".py")
PRODUCT = [p for p in PYTHON if relative(p).startswith(("app/", "analytics/", "pages/"))]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def n_arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([n for n in names if n not in ("self", "cls")])


def faults(text: str, name: str) -> list[str]:
    """What breaks a size rule in one module."""
    tree = ast.parse(text)
    found = []
    for function in functions(tree):
        where = f"{name}:{function.name}"
        if length(function) > FUNCTION_HARD:
            found.append(f"{where} has {length(function)} lines")
        if n_arguments(function) > ARGUMENTS:
            found.append(f"{where} takes {n_arguments(function)} arguments")
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and length(node) > CLASS_HARD:
            found.append(f"{name}:{node.name} has {length(node)} lines")
    lines = text.count("\n")
    limit = {"pages": PAGE_HARD}.get(
        name.split("/")[0], MAIN_HARD if name == "app/main.py" else FILE_HARD
    )
    if lines > limit:
        found.append(f"{name} has {lines} lines")
    return found


def unexcused(found: list[str], excused: dict[str, str]) -> list[str]:
    """The faults that no exception names."""
    return [f for f in found if f.split(" ")[0] not in excused]


def test_the_size_rules_can_fail() -> None:
    long = "def f(a, b, c, d, e, f, g):\n" + "    x = 1\n" * 61
    assert len(faults(long, "app/x.py")) == 2
    assert faults("x = 1\n" * 101, "pages/x.py") == ["pages/x.py has 101 lines"]


def test_sizes() -> None:
    found = [f for path in PRODUCT for f in faults(path.read_text(), relative(path))]
    assert unexcused(found, EXCEPTIONS) == []
    broken = {f.split(" ")[0] for f in found}
    assert [name for name in EXCEPTIONS if name not in broken] == [], "no longer needed"


def test_an_exception_excuses_one_name_only() -> None:
    found = ["app/x.py:f has 61 lines", "app/x.py:g has 61 lines"]
    assert unexcused(found, {"app/x.py:f": "a table"}) == ["app/x.py:g has 61 lines"]


def test_few_functions_are_longer_than_the_soft_limit() -> None:
    lengths = [length(f) for path in PRODUCT for f in functions(ast.parse(path.read_text()))]
    assert sum(n > FUNCTION_SOFT for n in lengths) <= SOFT_SHARE * len(lengths)


def imported(text: str) -> set[str]:
    """The top-level packages that a module imports, inside functions too."""
    nodes = list(ast.walk(ast.parse(text)))
    plain = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
    members = {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
    return {name.split(".")[0] for name in plain | members}


def test_nothing_imports_a_page() -> None:
    assert imported("def f():\n    from pages.drift import x\n    import a.b") == {"pages", "a"}
    assert [relative(p) for p in PRODUCT if "pages" in imported(p.read_text())] == []


def test_the_tools_are_strict() -> None:
    tools = CONFIG["tool"]
    assert tools["mypy"]["strict"]
    assert set(tools["mypy"]["packages"]) >= {"analytics", "app"}
    assert {"E", "F", "S", "T20"} <= set(tools["ruff"]["lint"]["select"])
    assert tools["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    assert "--import-mode=importlib" in tools["pytest"]["ini_options"]["addopts"]
    assert len(tools["importlinter"]["contracts"]) >= 4


def test_rooms_are_named_after_what_they_do() -> None:
    assert [
        relative(p) for p in PYTHON if p.stem in FORBIDDEN_NAMES or p.parent.name in FORBIDDEN_NAMES
    ] == []


def test_tests_shadow_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_sql_over_logs_stands_in_its_rooms() -> None:
    outside = [
        relative(p)
        for p in PRODUCT
        if not relative(p).startswith(SQL_ROOMS)
        and any(SQL.search(text) for text in strings(p.read_text()))
    ]
    assert outside == []


def test_the_search_for_sql_can_fail() -> None:
    text = '"""SELECT a word."""\nx = f"SELECT {y} FROM t"\n'
    assert [s for s in strings(text) if SQL.search(s)] == ["SELECT "]


def strings(text: str) -> Iterator[str]:
    """Every string of a module that is no docstring."""
    tree = ast.parse(text)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        (r"unsafe_allow_[h]tml", ()),
        (r":mat[e]rial/", ()),
        (r"st\.cache_(data|resource)", ("app/cache.py",)),
        (r"^\s*(import|from) pickle", ()),
        (r"^\s*print\(", ("app/cli/",)),
        (
            r"^\s*(import|from) streamlit",
            (
                "app/main.py",
                "app/server.py",
                "app/session.py",
                "app/cache.py",
                "app/auth/",
                "app/widgets/",
                "pages/",
                "app/navigation.py",
                "app/counters.py",
                "app/warm.py",
            ),
        ),
        (
            r"^\s*(import|from) (sklearn|scipy\.stats|pandas)\b",
            # Trees and k-means are no statistics of ours; what grows them is asked for by name.
            (
                "app/",
                "pages/",
                "analytics/drift/domain_classifier_auc.py",
                "analytics/sampling/diverse.py",
                "analytics/estimate/surrogate.py",
                "analytics/estimate/dle.py",
                "analytics/explain/leaning.py",
            ),
        ),
    ],
)
def test_words_that_stand_in_their_place_only(pattern: str, allowed: tuple[str, ...]) -> None:
    regex = re.compile(pattern, re.MULTILINE)
    found = [
        relative(p)
        for p in PRODUCT
        if regex.search(p.read_text()) and not relative(p).startswith(allowed or ("-",))
    ]
    assert found == []


def test_tests_do_not_sleep_or_assert_nothing() -> None:
    regex = re.compile(r"time\.sl[e]ep\(|^\s*assert Tr[u]e\b", re.MULTILINE)
    assert [
        relative(p)
        for p in PYTHON
        if relative(p).startswith("tests/") and regex.search(p.read_text())
    ] == []


def test_no_paths_of_a_machine_and_no_registry() -> None:
    text = [
        p
        for p in tracked(".py", ".md", ".toml", ".txt", ".sh", ".cfg", ".css", "")
        if p.stat().st_size < 500_000
    ]
    found = []
    for path in text:
        content = path.read_text(errors="replace")
        if PATHS.search(content) or HOSTS.search(content):
            found.append(relative(path))
    assert found == []


def test_the_search_for_paths_and_hosts_can_fail() -> None:
    assert PATHS.search("see /" + "work/x") and PATHS.search("/" + "home/someone/x")
    assert not PATHS.search("app/" + "work/x")
    assert HOSTS.search("--index" + "-url x") and HOSTS.search(
        "https://files.python" + "hosted.org"
    )


def test_every_module_says_what_it_is() -> None:
    assert [relative(p) for p in PRODUCT if not ast.get_docstring(ast.parse(p.read_text()))] == []


def test_public_functions_of_analytics_are_described() -> None:
    silent = []
    for path in PRODUCT:
        if not relative(path).startswith("analytics/"):
            continue
        for node in ast.parse(path.read_text()).body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith(
                "_"
            )
            if public and not ast.get_docstring(node):  # type: ignore[arg-type]
                silent.append(f"{relative(path)}:{node.name}")  # type: ignore[attr-defined]
    assert silent == []


@pytest.mark.parametrize("room", ["performance", "drift", "quality"])
def test_every_method_has_a_test_file_of_its_name(room: str) -> None:
    declared = {
        p.stem
        for p in (ROOT / "analytics" / room).glob("*.py")
        if re.search(r"^(METRIC|TEST|CHECK) = ", p.read_text(), re.MULTILINE)
    }
    tested = {
        p.stem.removeprefix("test_") for p in (ROOT / "tests/analytics" / room).glob("test_*.py")
    }
    assert declared
    assert declared - tested == set()


def test_the_sample_logs_are_small() -> None:
    assert (
        sum(p.stat().st_size for p in (ROOT / "sample_logs").rglob("*") if p.is_file())
        <= 10_000_000
    )


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda p: p.stem)
def test_what_a_page_imports_is_there(path: Path) -> None:
    """Types are checked in packages; a page whose import is gone would fail when it is opened."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            ("app", "analytics")
        ):
            module = importlib.import_module(str(node.module))
            for name in node.names:
                found = hasattr(module, name.name) or find_spec(f"{node.module}.{name.name}")
                assert found, f"{path.name}: {node.module}.{name.name}"
