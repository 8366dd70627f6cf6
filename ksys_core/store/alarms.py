"""Everything SQL says about alarms, by the names callers use."""

from ksys_core.store.alarm_definitions import upsert_definitions

__all__ = ["upsert_definitions"]
