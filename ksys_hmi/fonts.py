"""Type faces and sizes: a face with Hangul and tabular figures from the system, sizes by visual angle.

Pixel sizes are those of a 24-inch full-HD screen at 700 mm; `px` scales them to the screen in use.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication

_HANGUL_FACES: Final = (
    "Pretendard",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "NanumBarunGothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
)
_REFERENCE_PITCH_MM: Final = 0.277
_PLAUSIBLE_WIDTH_MM: Final = (150.0, 2500.0)

LABEL_PX: Final = 16
VALUE_PX: Final = 20
KEY_VALUE_PX: Final = 28


@cache
def family() -> str:
    """The face of all texts: a known one with Hangul, else any with Hangul, else the system's own."""
    with_hangul = QFontDatabase.families(QFontDatabase.WritingSystem.Korean)
    for face in _HANGUL_FACES:
        if face in with_hangul:
            return face
    return with_hangul[0] if with_hangul else QGuiApplication.font().family()


def has_hangul() -> bool:
    """False when the system has no face that can show Korean."""
    return bool(QFontDatabase.families(QFontDatabase.WritingSystem.Korean))


@cache
def scale() -> float:
    """Factor from the reference screen's pixels to this screen's, 1.0 to 2.0; 1.0 when its size is not known."""
    screen = QGuiApplication.primaryScreen()
    width_mm = screen.physicalSize().width()
    if (
        not _PLAUSIBLE_WIDTH_MM[0] <= width_mm <= _PLAUSIBLE_WIDTH_MM[1]
        or QGuiApplication.platformName() == "offscreen"
    ):
        return 1.0
    pitch = width_mm / screen.geometry().width()
    return min(2.0, max(1.0, _REFERENCE_PITCH_MM / pitch))


def px(size: float) -> int:
    """`size` reference pixels on this screen."""
    return round(size * scale())


def label(*, bold: bool = False) -> QFont:
    """Labels and table rows: the floor of legibility, 16 px."""
    return font(LABEL_PX, bold=bold)


def value(*, bold: bool = False) -> QFont:
    """Live values and the banner: 20 px, figures of equal width."""
    return font(VALUE_PX, bold=bold)


def key_value() -> QFont:
    """Key values of an overview: 28 px bold."""
    return font(KEY_VALUE_PX, bold=True)


@cache
def _font(pixels: int, bold: bool) -> QFont:
    made = QFont(family())
    made.setPixelSize(pixels)
    made.setBold(bold)
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setFeature(QFont.Tag("zero"), 1)
    return made


def font(size: float, *, bold: bool = False) -> QFont:
    """The face at `size` reference pixels."""
    return QFont(_font(px(size), bold))
