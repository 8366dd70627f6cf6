"""The forty tags of the simulated plant and its four virtual ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ksys_core.domain.tags import LimitKind
from ksys_core.i18n import N_
from ksys_core.sources.simulator.tagspec import Measure, TagSpec

INTERVAL_S: Final = 10.0


def _spec(
    tag: str,
    texts: tuple[str, str],
    unit: str,
    place: tuple[str, str],
    measure: Measure,
    scale: tuple[float, float, float, float],
    limits: dict[LimitKind, float],
    instrument: tuple[int, float, float],
) -> TagSpec:
    """`place`: area and role; `scale`: span and normal range; `instrument`: decimals, white noise, slow error."""
    low, high, normal_low, normal_high = scale
    return TagSpec(
        tag=tag,
        description={"en": texts[0], "ko": texts[1]},
        unit=unit,
        area=place[0],
        role=place[1],
        measure=measure,
        span=(low, high),
        normal=(normal_low, normal_high),
        limits=limits,
        decimals=instrument[0],
        noise=instrument[1],
        wander=instrument[2],
    )


AREA_PARTS: Final = (
    N_("Intake"),
    N_("Pretreatment"),
    N_("Chemicals"),
    N_("RO"),
    N_("Stage 1"),
    N_("Stage 2"),
    N_("High-pressure pump"),
    N_("Product water"),
)
"""The parts of the areas' paths, for the translator."""
_S1, _S2, _HP = "RO/Stage 1", "RO/Stage 2", "RO/High-pressure pump"
_IN, _PRE, _CHEM, _OUT, _RO = "Intake", "Pretreatment", "Chemicals", "Product water", "RO"

TAGS: Final[tuple[TagSpec, ...]] = (
    _spec("INLET_PRESSURE", ("RO inlet pressure", "RO 입구 압력"), "kPa", (_S1, "feed_pressure"), "pressure",
          (0, 2500, 900, 1700), {"HH": 2150, "H": 1950, "L": 500}, (1, 3.0, 2.0)),
    _spec("OUTLET_PRESSURE", ("Product outlet pressure", "생산수 출구 압력"), "kPa", (_OUT, "permeate_pressure"),
          "pressure", (0, 400, 50, 110), {"HH": 250, "H": 180}, (1, 0.6, 0.5)),
    _spec("FEED_FLOW", ("RO feed flow", "RO 유입 유량"), "m3/h", (_S1, "feed_flow"), "flow",
          (0, 200, 95, 145), {"HH": 175, "H": 160, "L": 80, "LL": 40}, (2, 0.5, 0.3)),
    _spec("PRODUCT_FLOW", ("Product water flow", "생산수 유량"), "m3/h", (_OUT, "permeate_flow"), "flow",
          (0, 150, 70, 110), {"H": 125, "L": 55, "LL": 25}, (2, 0.35, 0.2)),
    _spec("FEED_COND", ("Feed conductivity", "원수 전기전도도"), "µS/cm", (_S1, "feed_cond"), "quality",
          (0, 6000, 2000, 2900), {"HH": 4500, "H": 3300}, (0, 8.0, 6.0)),
    _spec("PRODUCT_COND", ("Product conductivity", "생산수 전기전도도"), "µS/cm", (_OUT, "permeate_cond"), "quality",
          (0, 500, 15, 90), {"HH": 200, "H": 130}, (1, 0.4, 0.3)),
    _spec("CONC_FLOW", ("Concentrate flow", "농축수 유량"), "m3/h", (_S2, "concentrate_flow"), "flow",
          (0, 80, 22, 40), {"L": 18}, (2, 0.2, 0.15)),
    _spec("CONC_COND", ("Concentrate conductivity", "농축수 전기전도도"), "µS/cm", (_S2, "concentrate_cond"), "quality",
          (0, 20000, 8000, 11500), {"H": 14000}, (0, 30.0, 20.0)),
    _spec("CONC_PRESSURE", ("Concentrate pressure", "농축수 압력"), "kPa", (_S2, "concentrate_pressure"), "pressure",
          (0, 2500, 750, 1850), {"H": 2100}, (1, 3.0, 2.0)),
    _spec("INTERSTAGE_PRESSURE", ("Interstage pressure", "단간 압력"), "kPa", (_S1, "interstage_pressure"), "pressure",
          (0, 2500, 750, 1600), {"H": 1850}, (1, 3.0, 2.0)),
    _spec("STAGE2_PRESSURE", ("Stage 2 inlet pressure", "2단 입구 압력"), "kPa", (_S2, "stage2_pressure"), "pressure",
          (0, 2800, 900, 2000), {"HH": 2450, "H": 2250}, (1, 3.0, 2.0)),
    _spec("STAGE1_PRODUCT_FLOW", ("Stage 1 product flow", "1단 생산수 유량"), "m3/h", (_S1, "stage1_permeate_flow"),
          "flow", (0, 120, 50, 78), {"L": 38}, (2, 0.3, 0.2)),
    _spec("STAGE2_PRODUCT_FLOW", ("Stage 2 product flow", "2단 생산수 유량"), "m3/h", (_S2, "stage2_permeate_flow"),
          "flow", (0, 60, 19, 33), {"L": 14}, (2, 0.2, 0.1)),
    _spec("STAGE2_PRODUCT_COND", ("Stage 2 product conductivity", "2단 생산수 전기전도도"), "µS/cm",
          (_S2, "stage2_permeate_cond"), "quality", (0, 500, 30, 150), {"H": 200}, (1, 0.6, 0.4)),
    _spec("DP_STAGE1", ("Stage 1 differential pressure", "1단 차압"), "kPa", (_S1, "stage1_dp"), "pressure",
          (0, 400, 100, 190), {"HH": 300, "H": 240}, (1, 1.2, 0.8)),
    _spec("DP_STAGE2", ("Stage 2 differential pressure", "2단 차압"), "kPa", (_S2, "stage2_dp"), "pressure",
          (0, 400, 110, 168), {"HH": 320, "H": 170}, (1, 1.2, 0.8)),
    _spec("CARTRIDGE_DP", ("Cartridge filter differential pressure", "카트리지 필터 차압"), "kPa",
          (_PRE, "cartridge_dp"), "pressure", (0, 200, 25, 85), {"HH": 150, "H": 90}, (1, 0.6, 0.4)),
    _spec("SUCTION_PRESSURE", ("High-pressure pump suction pressure", "고압펌프 흡입 압력"), "kPa",
          (_HP, "suction_pressure"), "pressure", (0, 600, 160, 290), {"L": 120, "LL": 80}, (1, 1.2, 0.8)),
    _spec("FEED_TEMP", ("Feed temperature", "유입수 온도"), "°C", (_S1, "feed_temp"), "temperature",
          (0, 45, 8, 26), {"HH": 40, "H": 30, "L": 5}, (2, 0.03, 0.03)),
    _spec("FEED_PH", ("Feed pH", "유입수 pH"), "pH", (_PRE, "feed_ph"), "quality",
          (2, 12, 6.8, 7.6), {"HH": 9.0, "H": 8.3, "L": 6.5, "LL": 5.5}, (2, 0.012, 0.01)),
    _spec("PRODUCT_PH", ("Product pH", "생산수 pH"), "pH", (_OUT, "product_ph"), "quality",
          (2, 12, 6.2, 7.5), {"H": 8.3, "L": 6.0, "LL": 5.8}, (2, 0.012, 0.01)),
    _spec("RAW_TURBIDITY", ("Raw water turbidity", "원수 탁도"), "NTU", (_IN, "raw_turbidity"), "quality",
          (0, 50, 2, 8), {"HH": 30, "H": 15}, (2, 0.06, 0.05)),
    _spec("FEED_TURBIDITY", ("Filtered water turbidity", "여과수 탁도"), "NTU", (_PRE, "feed_turbidity"), "quality",
          (0, 2, 0.05, 0.25), {"HH": 0.8, "H": 0.4}, (3, 0.004, 0.003)),
    _spec("FEED_CHLORINE", ("Feed residual chlorine", "유입수 잔류염소"), "mg/L", (_PRE, "feed_chlorine"), "quality",
          (0, 1, 0.0, 0.06), {"HH": 0.2, "H": 0.1}, (3, 0.003, 0.002)),
    _spec("FEED_ORP", ("Feed redox potential", "유입수 산화환원전위"), "mV", (_PRE, "feed_orp"), "quality",
          (-200, 800, 180, 300), {"H": 420}, (0, 2.0, 2.0)),
    _spec("PRODUCT_CHLORINE", ("Product residual chlorine", "생산수 잔류염소"), "mg/L", (_OUT, "product_chlorine"),
          "quality", (0, 5, 0.4, 0.9), {"HH": 4.0, "H": 3.5, "L": 0.2, "LL": 0.1}, (3, 0.006, 0.005)),
    _spec("RAW_FLOW", ("Raw water flow", "원수 유량"), "m3/h", (_IN, "raw_flow"), "flow",
          (0, 250, 90, 150), {"H": 210, "L": 60}, (2, 0.6, 0.4)),
    _spec("RAW_TANK_LEVEL", ("Raw water tank level", "원수조 수위"), "%", (_IN, "raw_tank_level"), "level",
          (0, 100, 48, 88), {"HH": 98, "H": 95, "L": 45, "LL": 10}, (2, 0.08, 0.05)),
    _spec("PRODUCT_TANK_LEVEL", ("Product water tank level", "생산수조 수위"), "%", (_OUT, "product_tank_level"),
          "level", (0, 100, 40, 85), {"HH": 97, "H": 92, "L": 30, "LL": 15}, (2, 0.08, 0.05)),
    _spec("DEMAND_FLOW", ("Supply flow to the network", "송수 유량"), "m3/h", (_OUT, "demand_flow"), "flow",
          (0, 200, 55, 125), {"H": 170}, (2, 0.5, 0.3)),
    _spec("ANTISCALANT_LEVEL", ("Antiscalant tank level", "스케일방지제 탱크 수위"), "%",
          (_CHEM, "antiscalant_level"), "level", (0, 100, 30, 98), {"L": 30, "LL": 15}, (1, 0.1, 0.05)),
    _spec("ANTISCALANT_FLOW", ("Antiscalant dosing flow", "스케일방지제 주입량"), "L/h", (_CHEM, "antiscalant_flow"),
          "flow", (0, 1.5, 0.35, 0.65), {"H": 1.0, "L": 0.2}, (3, 0.004, 0.003)),
    _spec("HP_PUMP_CURRENT", ("High-pressure pump current", "고압펌프 전류"), "A", (_HP, "pump_current"), "electrical",
          (0, 200, 55, 150), {"HH": 185, "H": 170}, (1, 0.5, 0.4)),
    _spec("HP_PUMP_SPEED", ("High-pressure pump speed", "고압펌프 속도"), "Hz", (_HP, "pump_speed"), "electrical",
          (0, 65, 40, 58), {"H": 62}, (2, 0.05, 0.05)),
    _spec("HP_PUMP_VIBRATION", ("High-pressure pump vibration", "고압펌프 진동"), "mm/s", (_HP, "pump_vibration"),
          "vibration", (0, 15, 1.2, 3.0), {"HH": 7.1, "H": 4.5}, (2, 0.08, 0.06)),
    _spec("HP_PUMP_BEARING_TEMP", ("High-pressure pump bearing temperature", "고압펌프 베어링 온도"), "°C",
          (_HP, "pump_bearing_temp"), "temperature", (0, 120, 40, 65), {"HH": 85, "H": 70}, (1, 0.15, 0.15)),
    _spec("BOOSTER_PUMP_CURRENT", ("Interstage booster pump current", "단간 부스터펌프 전류"), "A",
          (_S2, "booster_current"), "electrical", (0, 60, 5, 30), {"H": 50}, (1, 0.2, 0.15)),
    _spec("HP_PUMP_RUN", ("High-pressure pump running", "고압펌프 운전"), "", (_HP, "pump_run"), "state",
          (0, 1, 0, 1), {}, (0, 0.0, 0.0)),
    _spec("FEED_VALVE_OPEN", ("Feed valve open", "유입 밸브 열림"), "", (_RO, "feed_valve"), "state",
          (0, 1, 0, 1), {}, (0, 0.0, 0.0)),
    _spec("CIP_ACTIVE", ("Cleaning in place active", "화학세정(CIP) 중"), "", (_RO, "cip_active"), "state",
          (0, 1, 0, 1), {}, (0, 0.0, 0.0)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class VirtualSpec:
    """A tag computed from others: the expression in the grammar of virtual tags."""

    tag: str
    expression: str
    description: dict[str, str]
    unit: str
    area: str
    span: tuple[float, float]
    normal: tuple[float, float]
    limits: dict[LimitKind, float]
    decimals: int
    role: str


VIRTUAL_TAGS: Final[tuple[VirtualSpec, ...]] = (
    VirtualSpec("PRESSURE_DIFF", "INLET_PRESSURE - OUTLET_PRESSURE",
                {"en": "Transmembrane pressure difference", "ko": "막간 차압"}, "kPa", _RO,
                (0, 2500), (800, 1650), {"HH": 2100, "H": 1900}, 1, "transmembrane_pressure"),
    VirtualSpec("RECOVERY_RATE", "PRODUCT_FLOW / FEED_FLOW * 100",
                {"en": "Recovery rate", "ko": "회수율"}, "%", _RO,
                (0, 100), (72, 78), {"H": 82, "L": 68}, 2, "recovery"),
    VirtualSpec("OPERATING_TIME", "if(FEED_FLOW > 1.0, 1, 0)",
                {"en": "Operating time in the minute", "ko": "운전 시간(분당)"}, "min", _RO,
                (0, 1), (0, 1), {}, 0, "operating_time"),
    VirtualSpec("TOTAL_PRODUCT_VOLUME_1H", "integral(PRODUCT_FLOW, 3600) / 3600",
                {"en": "Product volume in the last hour", "ko": "최근 1시간 생산량"}, "m3", _OUT,
                (0, 150), (70, 110), {}, 2, "permeate_volume"),
)  # fmt: skip
