"""One task as a card: a picture, a text, or the columns that say most; never what the model said."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from analytics.words import write_value

if TYPE_CHECKING:
    from analytics.core import Dataset
    from analytics.query.engine import Engine

FIRST = 12  # columns that stand on the card; the rest waits behind "more"
LONG = 120  # a longer value is a text of its own
LARGEST = 4_000_000  # bytes of a picture file
SCALE = 24  # screen pixels of one pixel that stands in a column
_PIXEL = re.compile(r"(?P<name>.*?(?:pixel|px|pix).*?)_?(?P<number>\d+)", re.IGNORECASE)
_PICTURE = re.compile(r"\.(png|jpe?g|gif|webp)$", re.IGNORECASE)
_TYPES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a model are shown: which columns are pixels, texts, and in what order.

    ``ink`` is the value of a full pixel (1, 16 or 255), ``roots`` the folders that pictures named
    by a path may come from, ``hosts`` those whose pictures the browser may fetch.
    """

    columns: tuple[str, ...]
    pixels: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    ink: float = 1.0
    roots: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """What a person sees of one task. ``image`` is a data address made here, or one of an allowed host."""

    name: str
    why: str
    rows: tuple[tuple[str, str], ...] = ()
    more: tuple[tuple[str, str], ...] = ()
    text: str = ""
    image: str = ""
    is_photo: bool = False


def layout_of(engine: Engine, dataset: Dataset, roots: Sequence[str] = ()) -> Layout:
    """The layout of a model's rows; sensitive columns are there only if the dataset has them."""
    from analytics.evaluate.telling import telling_columns

    features = dataset.schema.features
    pixels = pixel_columns([c.name for c in features if c.type == "numeric"])
    texts = tuple(c.name for c in features if c.type == "text")
    rest = [c.name for c in features if c.name not in (*pixels, *texts) and c.type != "embedding"]
    ink = full_ink(engine, dataset, pixels) if pixels else 1.0
    return Layout(telling_columns(engine, dataset, rest), pixels, texts, ink, tuple(roots))


def pixel_columns(names: Sequence[str]) -> tuple[str, ...]:
    """The columns that are pixels of one square picture, in their order; empty without one.

    >>> pixel_columns(["age", *(f"px{i}" for i in range(16))])[:2]
    ('px0', 'px1')
    """
    found: dict[str, dict[int, str]] = {}
    for name in names:
        match = _PIXEL.fullmatch(name)
        if match:
            found.setdefault(match["name"], {})[int(match["number"])] = name
    for numbered in sorted(found.values(), key=len, reverse=True):
        side = math.isqrt(len(numbered))
        order = sorted(numbered)
        if side >= 4 and side * side == len(order) and order[-1] - order[0] + 1 == len(order):
            return tuple(numbered[i] for i in order)
    return ()


def full_ink(engine: Engine, dataset: Dataset, pixels: Sequence[str]) -> float:
    """The value of a full pixel: 1, 16 or 255, the next above what the log holds."""
    from analytics.query.telling import largest_value

    largest = largest_value(engine, dataset, pixels)
    return next((top for top in (1.0, 16.0, 255.0) if largest <= top), max(largest, 1.0))


def card_of(data: Mapping[str, Any], layout: Layout, name: str, why: str) -> Card:
    """The card of a row; what is not in the layout is not shown."""
    image = pixel_image(data, layout) if layout.pixels else ""
    values = [data.get(c) for c in (*layout.columns, *layout.texts)]
    found = (photo_of(v, layout.roots) or picture_at(v, layout.hosts) for v in values)
    photo = next(filter(None, found), "")
    rows, texts = [], [str(data[c]) for c in layout.texts if data.get(c) not in (None, "")]
    for column in layout.columns:
        value = data.get(column)
        if isinstance(value, str) and len(value) > LONG:
            texts.append(value)
        else:
            rows.append((column, say(value)))
    return Card(
        name,
        why,
        tuple(rows[:FIRST]),
        tuple(rows[FIRST:]),
        "\n\n".join(texts),
        image or photo,
        is_photo=bool(photo and not image),
    )


def say(value: Any) -> str:
    """A value as text; a missing one is a dash."""
    if value is None or value != value or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return write_value(value) if isinstance(value, float) else str(value)


def pixel_image(data: Mapping[str, Any], layout: Layout) -> str:
    """The pixels of a row as a PNG, dark ink on white; empty where one is missing."""
    from PIL import Image

    found = [data.get(name) for name in layout.pixels]
    if any(value is None or value != value for value in found):
        return ""
    side = math.isqrt(len(found))
    shades = bytes(255 - round(255 * min(max(v / layout.ink, 0.0), 1.0)) for v in found)  # type: ignore[operator]
    picture = Image.frombytes("L", (side, side), shades)
    scale = max(1, SCALE * 8 // side)
    out = io.BytesIO()
    picture.resize((side * scale, side * scale), Image.Resampling.NEAREST).save(out, "png")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def picture_at(value: Any, hosts: Sequence[str]) -> str:
    """The https address of a picture on an allowed host, for the browser to fetch; else empty."""
    if not isinstance(value, str) or not hosts:
        return ""
    try:
        parts = urlsplit(value.strip())
        is_named = parts.scheme == "https" and parts.netloc.lower() in {h.lower() for h in hosts}
    except ValueError:
        return ""
    return parts.geturl() if is_named and _PICTURE.search(parts.path) else ""


def photo_of(value: Any, roots: Sequence[str]) -> str:
    """The picture that a path or file: address names, if it lies in an allowed folder."""
    if not isinstance(value, str) or not _PICTURE.search(value):
        return ""
    path = Path(value.removeprefix("file://"))
    try:
        real = path.resolve(strict=True)
        inside = any(real.is_relative_to(Path(root).resolve()) for root in roots)
        if not inside or real.stat().st_size > LARGEST:
            return ""
        content = real.read_bytes()
    except (OSError, ValueError):
        return ""
    kind = next((kind for magic, kind in _TYPES.items() if content.startswith(magic)), None)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}" if kind else ""
