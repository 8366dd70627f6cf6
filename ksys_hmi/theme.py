"""Colours of the screen by day and by night. Painters take colours from here only.

Grey by default; saturated colour belongs to alarms. The palette's contrast and distances under colour-vision
deficiency are computed again by `tests/unit/test_theme.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

ThemeName = Literal["day", "night"]
Shape = Literal["square", "diamond", "triangle", "circle"]

PEN_STYLES: Final = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)
SHAPES: Final[dict[int, Shape]] = {1: "square", 2: "diamond", 3: "triangle", 4: "circle"}
"""Shape of each alarm priority; it is drawn with a 2 px outline in the theme's text colour and its digit."""


@dataclass(frozen=True, slots=True)
class PriorityColours:
    fill: QColor
    digit: QColor


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of tokens. `priorities` is indexed by priority 1 (urgent) to 4 (diagnostic)."""

    name: ThemeName
    canvas: QColor
    panel: QColor
    control: QColor
    border: QColor
    grid: QColor
    text: QColor
    text2: QColor
    value: QColor
    setpoint: QColor
    forecast: QColor
    focus: QColor
    disabled: QColor
    running: QColor
    stopped: QColor
    normal_band: QColor
    selection: QColor
    priorities: dict[int, PriorityColours]
    pens: tuple[QColor, ...]
    fan_alphas: tuple[float, float, float] = (0.12, 0.20, 0.32)

    def pen(self, index: int) -> tuple[QColor, Qt.PenStyle]:
        """Colour and line style of trend pen `index` (0-7): pens 6 and 7 reuse the first hues with another style."""
        return self.pens[index % len(self.pens)], PEN_STYLES[(index + index // len(self.pens)) % len(PEN_STYLES)]


def _priorities(*pairs: tuple[str, str]) -> dict[int, PriorityColours]:
    return {n: PriorityColours(QColor(fill), QColor(digit)) for n, (fill, digit) in enumerate(pairs, start=1)}


def _colours(*names: str) -> tuple[QColor, ...]:
    return tuple(QColor(name) for name in names)


DAY: Final = Theme(
    name="day",
    canvas=QColor("#D4D6D9"),
    panel=QColor("#E4E6E8"),
    control=QColor("#F3F4F5"),
    border=QColor("#6B7178"),
    grid=QColor("#C2C6CA"),
    text=QColor("#1B1F24"),
    text2=QColor("#454B52"),
    value=QColor("#123A63"),
    setpoint=QColor("#0B6470"),
    forecast=QColor("#5B4B8A"),
    focus=QColor("#0A5FB4"),
    disabled=QColor("#71777E"),
    running=QColor("#F3F4F5"),
    stopped=QColor("#8B929A"),
    normal_band=QColor("#B9BEC4"),
    selection=QColor("#C9D3DE"),
    priorities=_priorities(("#A6171E", "white"), ("#E8710F", "black"), ("#FFF04D", "black"), ("#864F99", "white")),
    pens=_colours("#303640", "#1F63D0", "#4D8C8C", "#7A7A3A", "#1A1A8C", "#2F5D46"),
)

NIGHT: Final = Theme(
    name="night",
    canvas=QColor("#1D2125"),
    panel=QColor("#282D32"),
    control=QColor("#333A40"),
    border=QColor("#8B929A"),
    grid=QColor("#3A4047"),
    text=QColor("#E3E6E9"),
    text2=QColor("#B4BAC0"),
    value=QColor("#A9CBEE"),
    setpoint=QColor("#7FD0D8"),
    forecast=QColor("#B9A9E8"),
    focus=QColor("#6CB2FF"),
    disabled=QColor("#7E858C"),
    running=QColor("#C4C8CE"),
    stopped=QColor("#4A5056"),
    normal_band=QColor("#4A5056"),
    selection=QColor("#3B4855"),
    priorities=_priorities(("#E03A55", "black"), ("#E9902B", "black"), ("#FFF631", "black"), ("#D06FF9", "black")),
    pens=_colours("#C9F5EA", "#4C93FF", "#6C8C4A", "#8DE07F", "#7C9C9C", "#3FCBEF"),
)

THEMES: Final[dict[ThemeName, Theme]] = {"day": DAY, "night": NIGHT}


class _Current:
    theme: Theme = DAY


def current() -> Theme:
    """The theme in force. Widgets repaint on ``QEvent.PaletteChange`` after a switch."""
    return _Current.theme


def use(name: ThemeName) -> Theme:
    """Put a theme in force; `ksys_hmi.style.apply` shows it on the application."""
    _Current.theme = THEMES[name]
    return _Current.theme
