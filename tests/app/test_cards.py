"""Cards: pixels become a picture, long values a text, the rest a table; nothing else gets on them."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from app.cards import FIRST, Layout, card_of, photo_of, picture_at, pixel_columns, pixel_image, say

PIXELS = tuple(f"pixel_{i:02d}" for i in range(16))


def opened(address: str) -> Image.Image:
    head, _, body = address.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(body)))


def test_sixteen_numbered_columns_are_a_picture_and_fifteen_are_none() -> None:
    assert pixel_columns(["age", *reversed(PIXELS)]) == PIXELS
    assert pixel_columns(["age", *PIXELS[:15]]) == ()
    assert pixel_columns([f"feature_{i}" for i in range(16)]) == ()
    assert pixel_columns([*PIXELS[:8], *(f"pixel_{i}" for i in range(20, 28))]) == ()


def test_ink_is_dark_and_stands_where_it_was() -> None:
    data = dict.fromkeys(PIXELS, 0.0) | {"pixel_06": 16.0, "pixel_15": 8.0, "pixel_00": 99.0}
    image = opened(pixel_image(data, Layout((), PIXELS, ink=16.0)))
    scale = image.width // 4
    shades = [image.getpixel((c * scale + 1, r * scale + 1)) for r in range(4) for c in range(4)]
    assert [i for i, shade in enumerate(shades) if shade == 0] == [0, 6]
    assert shades[15] == 127 and shades[1] == 255


def test_a_missing_pixel_draws_no_picture() -> None:
    data = dict.fromkeys(PIXELS, 1.0) | {"pixel_03": None}
    assert pixel_image(data, Layout((), PIXELS)) == ""


def test_a_card_shows_the_layout_and_nothing_else() -> None:
    columns = tuple(f"c{i}" for i in range(FIRST + 2))
    data = {name: float(i) for i, name in enumerate(columns)} | {"prediction": "7", "note": "read"}
    card = card_of(data, Layout(columns, texts=("note",)), "D1", "margin 0.03")
    assert [name for name, _ in card.rows] == list(columns[:FIRST])
    assert [name for name, _ in card.more] == list(columns[FIRST:])
    assert card.text == "read" and not card.image
    assert "prediction" not in str(card) and "'7'" not in str(card.more)


def test_a_long_value_is_read_as_a_text() -> None:
    card = card_of({"said": "word " * 40}, Layout(("said",)), "D1", "")
    assert card.text.startswith("word word") and card.rows == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (float("nan"), "–"), ("", "–"), (3.0, "3"), (True, "yes"), ("x", "x"), (7, "7")],
)
def test_values_are_said_plainly(value: object, text: str) -> None:
    assert say(value) == text


def test_a_path_is_a_picture_only_inside_the_allowed_folders(tmp_path: Path) -> None:
    root, other = tmp_path / "in", tmp_path / "out"
    for folder in (root, other):
        folder.mkdir()
        Image.new("L", (2, 2)).save(folder / "a.png")
    (root / "link.png").symlink_to(other / "a.png")
    (root / "page.png").write_text("<script>")
    roots = (str(root),)
    assert photo_of(str(root / "a.png"), roots).startswith("data:image/png;base64,")
    assert photo_of(f"file://{root / 'a.png'}", roots).startswith("data:image/png")
    bad = [other / "a.png", root / "link.png", root / "page.png", root / "none.png"]
    bad += [root / ".." / "out" / "a.png", Path("http://host/a.png"), Path("a.png\0.png")]
    assert [photo_of(str(path), roots) for path in bad] == [""] * len(bad)
    card = card_of({"file": str(root / "a.png")}, Layout(("file",), roots=roots), "D1", "")
    assert card.is_photo and card.image


def test_pictures_by_address_come_from_named_hosts_alone() -> None:
    hosts = ("pics.example.org",)
    good = "https://pics.example.org/a/b.png?size=2"
    assert picture_at(good, hosts) == good and picture_at(good, ()) == ""
    bad = [
        "http://pics.example.org/a.png", "https://other.example.org/a.png",
        "https://pics.example.org.evil.org/a.png", "https://pics.example.org@evil.org/a.png",
        "https://u:p@pics.example.org/a.png", "https://pics.example.org/a.svg",
        "https://[/a.png", "javascript:alert(1)//.png", 7, None,
    ]  # fmt: skip
    assert [picture_at(value, hosts) for value in bad] == [""] * len(bad)
    card = card_of({"photo": good}, Layout(("photo",), hosts=hosts), "D1", "")
    assert (card.image, card.is_photo) == (good, True)
    other = card_of({"photo": good}, Layout(("photo",)), "D1", "")
    assert other.image == "" and ("photo", good) in other.rows


def test_the_policy_of_the_screen_names_hosts_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from app.headers import POLICY, screen_headers
    from app.settings import settings_in_force

    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    for hosts, said in (
        ("", "img-src 'self' data: blob:;"),
        ("pics.example.org", "img-src 'self' data: blob: https://pics.example.org;"),
        ("a.b;script-src * x' 'unsafe-inline'", "img-src 'self' data: blob:;"),
    ):
        monkeypatch.setenv("TELLTALE_PICTURE_HOSTS", hosts)
        settings_in_force.cache_clear()
        policy = screen_headers()["Content-Security-Policy"]
        assert said in policy and policy.count(";") == POLICY.count(";")
    settings_in_force.cache_clear()
