"""Typed settings of both programs; `ksys_core.settings_sources` fills them from arguments, environment and file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from ksys_core import dsn as dsns
from ksys_core.i18n import Language


def _zone_name(name: str) -> str:
    try:
        ZoneInfo(name.removeprefix(":"))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is no time zone of the IANA list, such as Asia/Seoul") from error
    return name.removeprefix(":")


def _dsn(value: SecretStr | None) -> SecretStr | None:
    return None if value is None else SecretStr(dsns.normalised(value.get_secret_value()))


def _executor(value: str) -> str:
    if value not in ("processes", "threads") and not re.fullmatch(r"dask(\+tls)?://[^\s/:]+:\d{1,5}", value):
        raise ValueError("must be processes, threads, dask://host:port or dask+tls://host:port")
    return value


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(Section):
    """The connection. A password may stand in the DSN, in `password_file` or in PGPASSFILE."""

    dsn: Annotated[SecretStr | None, AfterValidator(_dsn)] = None
    password_file: Path | None = None
    pool_min: int = Field(5, ge=1, le=100)
    pool_max: int = Field(20, ge=1, le=200)
    statement_timeout_s: float = Field(10.0, gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> DatabaseSettings:
        if self.pool_min > self.pool_max:
            raise ValueError("pool_min is above pool_max")
        return self


class HmiSettings(Section):
    language: Language = "ko"
    theme: Literal["day", "night"] = "day"
    tile_refresh_s: float = Field(2.0, ge=0.2, le=60)
    sound: bool = True
    sound_volume: float = Field(0.7, ge=0.1, le=1)


class JobSettings(Section):
    forecast_s: float = Field(300, ge=10)
    backfill_s: float = Field(600, ge=10)
    metrics_s: float = Field(3600, ge=10)
    virtual_tags_s: float = Field(60, ge=1)
    rollup_s: float = Field(30, ge=1)
    alarms_s: float = Field(1, ge=0.1)
    keep_readings_days: int = Field(7305, ge=30)
    alarm_report: Literal["html", "xlsx"] = "html"
    keep_alarm_reports_days: int = Field(92, ge=1)


class SimulatorSettings(Section):
    """The simulated plant; refused in production."""

    enabled: bool = False
    seed: int = Field(1, ge=0)
    history_days: float = Field(30, ge=0, le=3660)


class Settings(Section):
    """Every setting of KSys; `ksys settings show` prints each with its origin."""

    app_env: Literal["development", "production"] = "development"
    version_type: Literal["FULL", "LITE"] = "FULL"
    enable_ai_features: bool = True
    time_zone: Annotated[str, AfterValidator(_zone_name)] = "Asia/Seoul"
    data_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    executor: Annotated[str, AfterValidator(_executor)] = "processes"
    database: DatabaseSettings = DatabaseSettings()
    hmi: HmiSettings = HmiSettings()
    jobs: JobSettings = JobSettings()
    simulator: SimulatorSettings = SimulatorSettings()

    @property
    def zone(self) -> ZoneInfo:
        """The plant's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def ml_enabled(self) -> bool:
        """False in the LITE edition: no forecasting, no training, no ML job."""
        return self.version_type == "FULL"

    @property
    def assistant_enabled(self) -> bool:
        """True when the assistant's pages are shown."""
        return self.ml_enabled and self.enable_ai_features
