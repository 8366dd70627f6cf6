"""Causes, consequences and actions of the simulated plant's main alarms, English and Korean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ksys_core.domain.tags import LimitKind
from ksys_core.sources.simulator.tagspec import AlarmTexts


def _texts(*pairs: tuple[str, str]) -> AlarmTexts:
    cause, consequence, action = ({"en": english, "ko": korean} for english, korean in pairs)
    return AlarmTexts(cause, consequence, action)


_FOULING = _texts(
    ("Deposits in the feed channels of stage 2 (scaling or biofouling)", "2단 유로의 침적물(스케일 또는 바이오파울링)"),
    ("More energy, less product, lasting damage of the elements", "에너지 증가, 생산량 감소, 막 영구 손상"),
    ("Check antiscalant dosing; plan a cleaning (CIP)", "스케일방지제 주입을 확인하고 화학세정(CIP)을 계획하십시오"),
)
_CARTRIDGE = _texts(
    ("Cartridge filters are clogged", "카트리지 필터 막힘"),
    ("Suction pressure falls, the pump may cavitate", "흡입 압력 저하, 펌프 캐비테이션 위험"),
    ("Change over and replace the cartridges", "계열을 전환하고 카트리지를 교체하십시오"),
)
_MEMBRANE_LEAK = _texts(
    ("O-ring or membrane of stage 1 leaks, or feed salinity is high", "1단 O링 또는 막 누출, 또는 유입 염분 상승"),
    ("Product is out of specification", "생산수 수질 기준 초과"),
    ("Compare vessel conductivities, isolate the vessel", "압력용기별 전기전도도를 비교하고 해당 용기를 격리하십시오"),
)
_SALINITY = _texts(
    ("Intrusion of brine or another source at the intake", "취수부에 염수 또는 다른 수원 유입"),
    ("Osmotic pressure and product conductivity rise", "삼투압과 생산수 전기전도도 상승"),
    ("Check the intake, lower the recovery", "취수원을 확인하고 회수율을 낮추십시오"),
)
_BEARING = _texts(
    ("Bearing wear, misalignment or cavitation", "베어링 마모, 축 정렬 불량 또는 캐비테이션"),
    ("Pump failure and loss of production", "펌프 고장 및 생산 중단"),
    (
        "Check suction pressure and bearing temperature; change to the stand-by pump",
        "흡입 압력과 베어링 온도를 확인하고 예비 펌프로 전환하십시오",
    ),
)
_CHLORINE = _texts(
    ("Dechlorination (bisulphite dosing) fails", "탈염소(중아황산염 주입) 이상"),
    ("Chlorine destroys the membrane within hours", "염소가 수 시간 내에 막을 손상시킴"),
    (
        "Raise bisulphite dosing; stop the train if it persists",
        "중아황산염 주입을 높이고, 지속되면 계열을 정지하십시오",
    ),
)
_DOSING = _texts(
    ("Dosing pump has stopped or lost prime", "주입 펌프 정지 또는 흡입 불량"),
    ("Scaling of stage 2 begins", "2단 스케일 발생 시작"),
    ("Restart or vent the dosing pump, check the tank", "주입 펌프를 재기동하거나 공기를 빼고 탱크를 확인하십시오"),
)
_CHEMICAL_LOW = _texts(
    ("Tank is nearly empty", "탱크가 거의 비었음"),
    ("Dosing will stop", "약품 주입 중단"),
    ("Refill the tank", "탱크를 보충하십시오"),
)
_RAW_LOW = _texts(
    ("Raw water supply is reduced", "원수 공급 감소"),
    ("High-pressure pump trips on low level", "저수위로 고압펌프 정지"),
    ("Check intake pumps and screens, lower production", "취수 펌프와 스크린을 확인하고 생산량을 줄이십시오"),
)
_PRODUCT_LOW = _texts(
    ("Demand exceeds production", "수요가 생산량을 초과"),
    ("Supply to the network fails", "송수 중단"),
    ("Raise production, ask the network to reduce demand", "생산량을 높이고 수요 조절을 요청하십시오"),
)
_TURBIDITY = _texts(
    ("Filter breakthrough or ripening after backwash", "여과지 파과 또는 역세 후 안정화"),
    ("Cartridges and membranes clog faster", "카트리지와 막의 막힘 가속"),
    ("Filter to waste, backwash the filter", "여과수를 배출하고 여과지를 역세하십시오"),
)
_RAW_TURBIDITY = _texts(
    ("Rain or algae at the intake", "취수원의 강우 또는 조류"),
    ("Filters are overloaded", "여과지 과부하"),
    ("Raise coagulant dosing, shorten backwash intervals", "응집제 주입을 높이고 역세 주기를 줄이십시오"),
)
_PH = _texts(
    ("Acid dosing overshoots", "산 주입 과다"),
    ("Corrosion, worse rejection", "부식, 제거율 저하"),
    ("Check acid dosing and the pH probe", "산 주입과 pH 전극을 확인하십시오"),
)
_FLOW_LOW = _texts(
    ("Pump trip, closed valve or cleaning", "펌프 정지, 밸브 닫힘 또는 세정 중"),
    ("Production is lost, the product tank empties", "생산 중단, 생산수조 수위 저하"),
    ("Find the cause of the trip, restart the train", "정지 원인을 확인하고 계열을 재기동하십시오"),
)

SOURCE_TEXTS: Final = _texts(
    ("The simulated plant gives no readings", "모의 플랜트에서 측정값이 오지 않음"),
    ("Values freeze; process alarms are held, not judged", "값이 멈추고 공정 알람은 판정되지 않고 유지됨"),
    (
        "See the source on the service page; start the service",
        "서비스 화면에서 데이터 소스를 확인하고 서비스를 시작하십시오",
    ),
)
GUIDANCE: Final[Mapping[tuple[str, LimitKind], AlarmTexts]] = {
    ("DP_STAGE2", "H"): _FOULING,
    ("DP_STAGE2", "HH"): _FOULING,
    ("DP_STAGE1", "H"): _FOULING,
    ("CARTRIDGE_DP", "H"): _CARTRIDGE,
    ("CARTRIDGE_DP", "HH"): _CARTRIDGE,
    ("SUCTION_PRESSURE", "L"): _CARTRIDGE,
    ("PRODUCT_COND", "H"): _MEMBRANE_LEAK,
    ("PRODUCT_COND", "HH"): _MEMBRANE_LEAK,
    ("FEED_COND", "H"): _SALINITY,
    ("FEED_COND", "HH"): _SALINITY,
    ("HP_PUMP_VIBRATION", "H"): _BEARING,
    ("HP_PUMP_VIBRATION", "HH"): _BEARING,
    ("HP_PUMP_BEARING_TEMP", "H"): _BEARING,
    ("HP_PUMP_BEARING_TEMP", "HH"): _BEARING,
    ("FEED_CHLORINE", "H"): _CHLORINE,
    ("FEED_CHLORINE", "HH"): _CHLORINE,
    ("FEED_ORP", "H"): _CHLORINE,
    ("ANTISCALANT_FLOW", "L"): _DOSING,
    ("ANTISCALANT_LEVEL", "L"): _CHEMICAL_LOW,
    ("ANTISCALANT_LEVEL", "LL"): _CHEMICAL_LOW,
    ("RAW_FLOW", "L"): _RAW_LOW,
    ("RAW_TANK_LEVEL", "L"): _RAW_LOW,
    ("RAW_TANK_LEVEL", "LL"): _RAW_LOW,
    ("PRODUCT_TANK_LEVEL", "L"): _PRODUCT_LOW,
    ("PRODUCT_TANK_LEVEL", "LL"): _PRODUCT_LOW,
    ("FEED_TURBIDITY", "H"): _TURBIDITY,
    ("FEED_TURBIDITY", "HH"): _TURBIDITY,
    ("RAW_TURBIDITY", "H"): _RAW_TURBIDITY,
    ("FEED_PH", "L"): _PH,
    ("FEED_PH", "LL"): _PH,
    ("FEED_FLOW", "L"): _FLOW_LOW,
    ("FEED_FLOW", "LL"): _FLOW_LOW,
    ("PRODUCT_FLOW", "L"): _FLOW_LOW,
    ("PRODUCT_FLOW", "LL"): _FLOW_LOW,
}
