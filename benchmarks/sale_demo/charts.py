"""The demo's two drawings, as SVG by hand: what has vested against time, and where the revenue went."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

COLOURS: Final = ("#2f6fde", "#12946c", "#c2570c", "#8b3fc7", "#c02a5e", "#5b6575")
_WIDTH: Final = 960
_HEIGHT: Final = 520
_LEFT: Final = 90
_TOP: Final = 60
_PLOT: Final = (_WIDTH - _LEFT - 190, _HEIGHT - _TOP - 60)
_YEAR_S: Final = 31_557_600


class Curve(NamedTuple):
    """A pool: what vests, as (time, tokens), and what was claimed at the points in time of the demo."""

    name: str
    vested: Sequence[tuple[int, float]]
    claimed: Sequence[tuple[int, float]]


def draw_vesting(path: Path, curves: Sequence[Curve]) -> None:
    """Draws vested tokens as lines and claimed ones as dots."""
    first = min(time for curve in curves for time, _ in curve.vested)
    last = max(time for curve in curves for time, _ in curve.vested)
    most = max(tokens for curve in curves for _, tokens in curve.vested) or 1

    def place(time: int, tokens: float) -> str:
        x = _LEFT + (time - first) / (last - first) * _PLOT[0]
        return f"{x:.1f},{_TOP + (1 - tokens / most) * _PLOT[1]:.1f}"

    parts = [_text(_LEFT, 32, "QTRA vested (lines) and claimed (dots), millions", 17)]
    for step in range(5):
        y = _TOP + (1 - step / 4) * _PLOT[1]
        parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + _PLOT[0]}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d9dee5"/>')
        parts.append(_text(_LEFT - 10, y + 5, f"{most * step / 4 / 1e6:.1f}", 13, anchor="end"))
    for year in range(datetime.fromtimestamp(first, UTC).year, datetime.fromtimestamp(last, UTC).year + 1):
        start = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
        if first <= start <= last:
            x = _LEFT + (start - first) / (last - first) * _PLOT[0]
            parts.append(_text(x, _TOP + _PLOT[1] + 24, str(year), 13, anchor="middle"))
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_TOP + _PLOT[1]}" stroke="#eef1f4"/>')
    for number, curve in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join(place(*point) for point in curve.vested)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for point in curve.claimed:
            across, up = place(*point).split(",")
            parts.append(f'<circle cx="{across}" cy="{up}" r="3.2" fill="{colour}"/>')
        y = _TOP + 20 + 24 * number
        parts.append(f'<rect x="{_LEFT + _PLOT[0] + 24}" y="{y - 10}" width="12" height="12" fill="{colour}"/>')
        parts.append(_text(_LEFT + _PLOT[0] + 44, y + 1, curve.name, 14))
    _write(path, parts)


class Flow(NamedTuple):
    """So many dollars from one place to another; places are named, and stand in columns from left to right."""

    origin: str
    to: str
    dollars: float


def draw_flows(path: Path, title: str, columns: Sequence[Sequence[str]], flows: Sequence[Flow]) -> None:
    """Draws flows as ribbons between the places of neighbouring columns; heights are dollars."""
    size = {
        place: max(
            sum(row.dollars for row in flows if row.to == place),
            sum(row.dollars for row in flows if row.origin == place),
        )
        for column in columns
        for place in column
    }
    tallest = max(sum(size[place] for place in column) for column in columns) or 1
    scale = (_HEIGHT - _TOP - 40 - 26 * max(len(column) for column in columns)) / tallest
    parts, at = [_text(40, 32, title, 17)], {}
    for number, column in enumerate(columns):
        x, y = 40 + number * (_WIDTH - 240) / max(1, len(columns) - 1), float(_TOP)
        for place in column:
            height = max(2.0, size[place] * scale)
            at[place] = [x, y, y]
            colour = COLOURS[number % len(COLOURS)]
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="14" height="{height:.1f}" fill="{colour}"/>')
            parts.append(_text(x + 20, y + min(height, 18) / 2 + 6, f"{place} {size[place]:,.0f}", 13))
            y += height + 26
    for row in flows:
        thick = max(1.0, row.dollars * scale)
        x0, y0, x1, y1 = at[row.origin][0] + 14, at[row.origin][1], at[row.to][0], at[row.to][2]
        at[row.origin][1] += thick
        at[row.to][2] += thick
        middle = (x0 + x1) / 2
        curve = (
            f"M{x0:.1f},{y0:.1f} C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f} "
            f"L{x1:.1f},{y1 + thick:.1f} C{middle:.1f},{y1 + thick:.1f} {middle:.1f},{y0 + thick:.1f} "
            f"{x0:.1f},{y0 + thick:.1f} Z"
        )
        parts.insert(1, f'<path d="{curve}" fill="#8fb0ea" fill-opacity="0.45"/>')
    _write(path, parts)


def _text(x: float, y: float, text: str, size: int, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="#1d2530">{escape(text)}</text>'
    )


def _write(path: Path, parts: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="Inter, Helvetica, Arial, sans-serif">\n<rect width="100%" height="100%" fill="#ffffff"/>'
    )
    path.write_text("\n".join([head, *parts, "</svg>"]) + "\n")
