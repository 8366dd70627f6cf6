"""The palette keeps the numbers of its specification: contrast, and distances under colour-vision deficiency."""

from __future__ import annotations

import itertools
from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtGui import QColor

from ksys_hmi.theme import DAY, NIGHT, PEN_STYLES, SHAPES, Theme

Array = npt.NDArray[np.float64]
THEMES = pytest.mark.parametrize("theme", [DAY, NIGHT], ids=lambda theme: theme.name)

# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
DEFICIENCIES = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: QColor) -> Array:
    rgb = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(colour: QColor) -> float:
    return float(linear(colour) @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2 contrast ratio."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(rgb: Array) -> Array:
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def delta_e_2000(one: Array, other: Array) -> float:
    """CIEDE2000 after Sharma, Wu, Dalal 2005."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    c_mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(c_mean**7 / (c_mean**7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    dh = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    big_dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh / 2))
    l_mean, c_mean, h_mean = (l1 + l2) / 2, (c1 + c2) / 2, (h1 + dh / 2) % 360
    t = (
        1
        - 0.17 * np.cos(np.radians(h_mean - 30))
        + 0.24 * np.cos(np.radians(2 * h_mean))
        + 0.32 * np.cos(np.radians(3 * h_mean + 6))
        - 0.20 * np.cos(np.radians(4 * h_mean - 63))
    )
    s_l = 1 + 0.015 * (l_mean - 50) ** 2 / np.sqrt(20 + (l_mean - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    r_c = 2 * np.sqrt(c_mean**7 / (c_mean**7 + 25.0**7))
    r_t = -r_c * np.sin(np.radians(60 * np.exp(-(((h_mean - 275) / 25) ** 2))))
    dl, dc, dh_ = (l2 - l1) / s_l, (c2 - c1) / s_c, big_dh / s_h
    return float(np.sqrt(dl**2 + dc**2 + dh_**2 + r_t * dc * dh_))


def distance(one: QColor, other: QColor, deficiency: str = "normal") -> float:
    matrix = DEFICIENCIES[deficiency]
    return delta_e_2000(lab(matrix @ linear(one)), lab(matrix @ linear(other)))


def test_the_distance_formula_against_published_pairs() -> None:
    pairs = [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ]
    for one, other, expected in pairs:
        assert delta_e_2000(np.array(one), np.array(other)) == pytest.approx(expected, abs=1e-4)


@THEMES
@pytest.mark.parametrize("token", ["text", "text2", "setpoint", "forecast"])
def test_texts_can_be_read(theme: Theme, token: str) -> None:
    assert contrast(getattr(theme, token), theme.panel) >= 4.5


@THEMES
def test_texts_and_live_values_can_be_read_on_every_ground(theme: Theme) -> None:
    assert contrast(theme.value, theme.panel) >= 7
    assert contrast(theme.text, theme.panel) >= 7
    for ground in (theme.canvas, theme.control, theme.selection):
        assert contrast(theme.text, ground) >= 7
        assert contrast(theme.text2, ground) >= 4.5


@THEMES
def test_outlines_lines_and_focus_can_be_seen(theme: Theme) -> None:
    for token in ("text", "border", "focus", "disabled"):
        assert contrast(getattr(theme, token), theme.panel) >= 3
    for pen in theme.pens:
        assert contrast(pen, theme.panel) >= 3


@THEMES
def test_digits_can_be_read_on_their_fill(theme: Theme) -> None:
    for colours in theme.priorities.values():
        assert contrast(colours.fill, colours.digit) >= 4.5


@THEMES
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_priorities_are_told_apart_by_every_eye(theme: Theme, deficiency: str) -> None:
    fills = [colours.fill for colours in theme.priorities.values()]
    assert min(distance(a, b, deficiency) for a, b in itertools.combinations(fills, 2)) >= 15


@THEMES
def test_pens_never_look_like_alarms(theme: Theme) -> None:
    for pen, colours in itertools.product(theme.pens, theme.priorities.values()):
        assert distance(pen, colours.fill) >= 22


@THEMES
def test_eight_pens_differ_in_hue_or_style(theme: Theme) -> None:
    assert len({(colour.name(), style) for colour, style in map(theme.pen, range(8))}) == 8


@THEMES
def test_saturated_colour_belongs_to_alarms(theme: Theme) -> None:
    """Grounds, lines and states are grey: their chroma stays far below that of any alarm."""
    for token in ("canvas", "panel", "control", "border", "grid", "text", "text2", "disabled", "running", "stopped"):
        _, a, b = lab(linear(getattr(theme, token)))
        assert np.hypot(a, b) < 8, token


def test_both_themes_have_every_token_and_every_priority_its_own_shape() -> None:
    assert {field.name for field in fields(DAY)} == {field.name for field in fields(NIGHT)}
    assert len(set(SHAPES.values())) == len(SHAPES) == len(DAY.priorities) == len(NIGHT.priorities) == 4
    assert len(PEN_STYLES) == 4
