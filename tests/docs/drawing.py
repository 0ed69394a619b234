"""A message ladder as a picture: SVG that needs no program, no font and no script to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from attrs import define, field

from tests.docs.rows import Arrow, Later, Row, State, Words

WIDTH = 720
_LEFT, _RIGHT = 110, 640  # of the first and the last lifeline
_HEADING, _BOTTOM = 34, 14
_HEAD = 7  # of an arrow
_LETTER = 6.1  # the width of one in words, as good as can be known without the font

_STYLE = """\
text { font: 12px "DejaVu Sans", Verdana, sans-serif; fill: #222; text-anchor: middle; }
.halo { paint-order: stroke; stroke: #fff; stroke-width: 4px; }
.name { font-weight: bold; }
.detail { font-size: 10px; fill: #666; }
.time { font-size: 10px; fill: #888; text-anchor: end; }
.words { font-size: 11px; fill: #444; }
.push { fill: #a84800; }
rect { fill: #f6f3e7; stroke: #d8d0b0; }
.head { fill: #e9eef4; stroke: #b8c6d6; }
line { stroke-width: 1.3; }
.awake { stroke: #8494a6; }
.asleep { stroke: #b9bfc6; stroke-dasharray: 2 5; }
.message { stroke: #1f4e79; }
.pushed { stroke: #c55a11; stroke-dasharray: 5 3; }
path.message { fill: #1f4e79; stroke: none; }
path.pushed { fill: #c55a11; stroke: none; }
"""


def draw(title: str, names: Sequence[str], rows: Sequence[Row]) -> str:
    """
    The picture of *rows*.

    :param title: for those who do not see it.
    :param names: of the columns, from left to right.
    """
    return _Drawing(title, {name: _place(number, len(names)) for number, name in enumerate(names)})(
        rows
    )


def _place(number: int, count: int) -> int:
    return round(_LEFT + (_RIGHT - _LEFT) * number / (count - 1))


@define(eq=False)
class _Drawing:
    title: str
    places: dict[str, int]
    y: int = _HEADING
    began: float = 0
    shown: str = ""
    lifelines: list[str] = field(factory=list)
    body: list[str] = field(factory=list)
    lives: dict[str, tuple[int, bool]] = field(factory=dict)

    def __call__(self, rows: Sequence[Row]) -> str:
        self.began = rows[0].at
        self.lives = dict.fromkeys(self.places, (_HEADING - 2, False))
        for row in rows:
            match row:
                case Arrow():
                    self._arrow(row)
                case Words():
                    self._words(row)
                case State():
                    self._live(row.who, asleep=row.asleep)
                case Later():
                    self._later(row)
        self.y += _BOTTOM
        for name in self.places:
            self._live(name, asleep=False)
        return self._whole()

    def _whole(self) -> str:
        size = f'viewBox="0 0 {WIDTH} {self.y}" width="{WIDTH}" height="{self.y}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
                f"<title>{escape(self.title)}</title>",
                f"<style>\n{_STYLE}</style>",
                *self.lifelines,
                *(self._heading(name, place) for name, place in self.places.items()),
                *self.body,
                "</svg>\n",
            ]
        )

    def _heading(self, name: str, place: int) -> str:
        half = round(len(name) * 4 + 12)
        box = f'<rect class="head" x="{place - half}" y="8" width="{2 * half}" height="24" rx="4"/>'
        return f'{box}\n<text class="name" x="{place}" y="24">{escape(name)}</text>'

    def _live(self, name: str, *, asleep: bool) -> None:
        """Draw the lifeline of *name* as it was until here."""
        since, slept = self.lives[name]
        place = self.places[name]
        if self.y > since:
            style = "asleep" if slept else "awake"
            self.lifelines.append(
                f'<line class="{style}" x1="{place}" y1="{since}" x2="{place}" y2="{self.y}"/>'
            )
        self.lives[name] = (self.y, asleep)

    def _arrow(self, row: Arrow) -> None:
        self.y += 28
        start, end = self.places[row.sender], self.places[row.receiver]
        middle, toward = (start + end) // 2, 1 if end > start else -1
        style, colour = ("pushed", " push") if row.push else ("message", "")
        tip = end - toward * 2
        foot = tip - toward * _HEAD
        self._time(row.at)
        self.body += [
            f'<line class="{style}" x1="{start}" y1="{self.y}" x2="{foot}" y2="{self.y}"/>',
            f'<path class="{style}" d="M{tip} {self.y} L{foot} {self.y - 4} V{self.y + 4} Z"/>',
            f'<text class="halo{colour}" x="{middle}" y="{self.y - 6}">{escape(row.label)}</text>',
        ]
        if row.detail:
            self.y += 13
            self.body.append(
                f'<text class="halo detail" x="{middle}" y="{self.y}">{escape(row.detail)}</text>'
            )

    def _words(self, row: Words) -> None:
        self.y += 12
        self._time(row.at, 14)
        width = round(len(row.text) * _LETTER + 16)
        left = min(max(self.places[row.who] - width // 2, 62), WIDTH - width - 4)
        middle, foot = left + width // 2, self.y + 14
        self.body += [
            f'<rect x="{left}" y="{self.y}" width="{width}" height="20" rx="4"/>',
            f'<text class="words" x="{middle}" y="{foot}">{escape(row.text)}</text>',
        ]
        self.y += 20

    def _later(self, row: Later) -> None:
        self.y += 24
        self.began = row.at
        middle = (_LEFT + _RIGHT) // 2
        self.body.append(
            f'<text class="halo words" x="{middle}" y="{self.y}">{escape(row.text)}</text>'
        )
        self.y += 4

    def _time(self, at: float, below: int = 4) -> None:
        text = _since(at - self.began)
        if text != self.shown:
            self.body.append(f'<text class="time" x="52" y="{self.y + below}">{text}</text>')
            self.shown = text


def _since(seconds: float) -> str:
    return f"{round(seconds, 1):g} s"
