"""Typed settings of both programs: arguments over environment over TOML file over defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ksys_core.i18n import Language


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(Section):
    dsn: SecretStr | None = None
    pool_min: int = Field(5, ge=1, le=100)
    pool_max: int = Field(20, ge=1, le=200)
    statement_timeout_s: float = Field(10.0, gt=0)


class HmiSettings(Section):
    language: Language = "ko"
    theme: Literal["day", "night"] = "day"
    tile_refresh_s: float = Field(2.0, ge=0.2, le=60)


class JobSettings(Section):
    forecast_s: float = Field(300, ge=10)
    backfill_s: float = Field(600, ge=10)
    metrics_s: float = Field(3600, ge=10)
    virtual_tags_s: float = Field(60, ge=1)
    rollup_s: float = Field(30, ge=1)
    alarms_s: float = Field(1, ge=0.1)


class Settings(Section):
    """Every setting of KSys; `ksys settings show` prints each with its origin."""

    app_env: Literal["development", "production"] = "development"
    version_type: Literal["FULL", "LITE"] = "FULL"
    enable_ai_features: bool = True
    time_zone: str = "Asia/Seoul"
    data_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    executor: str = "processes"
    database: DatabaseSettings = DatabaseSettings()
    hmi: HmiSettings = HmiSettings()
    jobs: JobSettings = JobSettings()

    @property
    def zone(self) -> ZoneInfo:
        """The plant's time zone."""
        return ZoneInfo(self.time_zone)
