"""The rules of the house that a script can see; each exception stands here by name, with a reason."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
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
SOFT_SHARE = 0.10  # share of functions that may be longer than the soft limit
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
HOSTS = re.compile(r"index-url|files\.python[h]osted|registry\.npm[j]s|pypi\.or[g]/simple")

# name: (limit that is broken, why it may be)
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
    return [f for f in found if f.split(" ")[0] not in EXCEPTIONS]


def test_the_size_rules_can_fail() -> None:
    long = "def f(a, b, c, d, e, f, g):\n" + "    x = 1\n" * 61
    assert len(faults(long, "app/x.py")) == 2
    assert faults("x = 1\n" * 101, "pages/x.py") == ["pages/x.py has 101 lines"]


def test_sizes() -> None:
    found = [f for path in PRODUCT for f in faults(path.read_text(), relative(path))]
    assert found == []


def test_few_functions_are_longer_than_the_soft_limit() -> None:
    lengths = [length(f) for path in PRODUCT for f in functions(ast.parse(path.read_text()))]
    assert sum(n > FUNCTION_SOFT for n in lengths) <= SOFT_SHARE * len(lengths)


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
        (r"^\s*(import|from) (sklearn|scipy\.stats|pandas)\b", ("app/", "pages/")),
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
        for p in tracked(".py", ".md", ".toml", ".txt", ".sh", ".cfg", "")
        if p.stat().st_size < 500_000
    ]
    found = []
    for path in text:
        content = path.read_text(errors="replace")
        if PATHS.search(content) or HOSTS.search(content):
            found.append(relative(path))
    assert found == []


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


def test_the_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(
        re.findall(
            r"`make ([a-z-]+)`",
            (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text(),
        )
    )
    assert {"run", "test"} <= named
    assert [t for t in named if not re.search(rf"^{t}:", makefile, re.MULTILINE)] == []


def test_the_sample_logs_are_small() -> None:
    assert (
        sum(p.stat().st_size for p in (ROOT / "sample_logs").rglob("*") if p.is_file())
        <= 10_000_000
    )
