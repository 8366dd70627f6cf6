from __future__ import annotations

from pathlib import Path

import pytest

from ksys_core.errors import KnownError
from ksys_core.settings_sources import Origin, environment_name, known_keys, load_settings

DSN = "postgresql://service:s3cret@db.example/ksys"


def refused(code: str, **arguments: object) -> str:
    with pytest.raises(KnownError) as caught:
        load_settings(**arguments)  # type: ignore[arg-type]
    assert caught.value.code == code
    return str(caught.value)


def test_precedence_argument_environment_file_default(tmp_path: Path) -> None:
    path = tmp_path / "ksys.toml"
    path.write_text('log_level = "debug"\n[jobs]\nforecast_s = 60\nbackfill_s = 70\nmetrics_s = 80\n')
    loaded = load_settings(
        {"jobs.forecast_s": "90"},
        environ={"KSYS_JOBS__FORECAST_S": "91", "KSYS_JOBS__BACKFILL_S": "92"},
        config_file=path,
    )
    jobs = loaded.settings.jobs
    assert (jobs.forecast_s, jobs.backfill_s, jobs.metrics_s, jobs.rollup_s) == (90, 92, 80, 30)
    assert loaded.origins["jobs.forecast_s"] == Origin("argument", "jobs.forecast_s")
    assert loaded.origins["jobs.backfill_s"] == Origin("environment", "KSYS_JOBS__BACKFILL_S")
    assert loaded.origins["jobs.metrics_s"] == Origin("file", str(path))
    assert loaded.origins["jobs.rollup_s"] == Origin("default")


def test_the_predecessors_names() -> None:
    loaded = load_settings(
        environ={
            "TS_DSN": DSN,
            "POSTGRES_CONNECTION_STRING": "postgresql://other@elsewhere/x",
            "APP_ENV": "development",
            "TZ": "Europe/Rome",
            "ENABLE_AI_FEATURES": "false",
            "VERSION_TYPE": "LITE",
            "KSYS_EXECUTOR": "dask://scheduler:8786",
        }
    )
    settings = loaded.settings
    assert settings.database.dsn is not None
    assert settings.database.dsn.get_secret_value() == DSN
    assert loaded.origins["database.dsn"].name == "TS_DSN"
    assert settings.zone.key == "Europe/Rome"
    assert not settings.ml_enabled
    assert not settings.assistant_enabled
    assert settings.executor == "dask://scheduler:8786"


def test_postgres_connection_string_alone_and_with_a_driver() -> None:
    settings = load_settings(environ={"POSTGRES_CONNECTION_STRING": "postgresql+asyncpg://u:p@h/d"}).settings
    assert settings.database.dsn is not None
    assert settings.database.dsn.get_secret_value() == "postgresql://u:p@h/d"


def test_empty_variable_counts_as_not_set() -> None:
    loaded = load_settings(environ={"TZ": "", "TS_DSN": ""})
    assert loaded.settings.time_zone == "Asia/Seoul"
    assert loaded.settings.database.dsn is None


@pytest.mark.parametrize(
    ("environ", "nearest"),
    [({"KSYS_JOBS__FORCAST_S": "3"}, "KSYS_JOBS__FORECAST_S"), ({"KSYS_LOGLEVEL": "info"}, "KSYS_LOG_LEVEL")],
)
def test_unknown_variable_names_the_nearest(environ: dict[str, str], nearest: str) -> None:
    assert nearest in refused("settings.unknown", environ=environ)


def test_unknown_key_in_the_file_names_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "ksys.toml"
    path.write_text("[databse]\npool_max = 3\n")
    assert "database.pool_max" in refused("settings.unknown", environ={}, config_file=path)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"KSYS_DATABASE__POOL_MAX": "many"}, ("database.pool_max", "whole number", "KSYS_DATABASE__POOL_MAX")),
        ({"KSYS_JOBS__FORECAST_S": "1"}, ("jobs.forecast_s", "10 or more")),
        ({"TZ": "Asia/Soul"}, ("time_zone", "TZ", "IANA")),
        ({"VERSION_TYPE": "PART"}, ("version_type", "FULL", "LITE")),
        ({"ENABLE_AI_FEATURES": "perhaps"}, ("enable_ai_features", "true or false")),
        ({"KSYS_DATABASE__POOL_MIN": "30"}, ("database", "pool_min")),
        ({"KSYS_EXECUTOR": "dusk://x"}, ("executor", "dask://host:port")),
    ],
)
def test_bad_value_names_key_origin_and_problem(environ: dict[str, str], words: tuple[str, ...]) -> None:
    message = refused("settings.value", environ=environ)
    assert all(word in message for word in words)


def test_bad_dsn_is_never_echoed() -> None:
    message = refused("settings.value", environ={"TS_DSN": "mysql://root:hunter2@h/d"})
    assert "hunter2" not in message
    assert "postgresql://" in message


def test_bad_file_is_a_known_error(tmp_path: Path) -> None:
    path = tmp_path / "ksys.toml"
    assert str(path) in refused("settings.file", environ={}, config_file=path)
    path.write_text("a = [")
    assert str(path) in refused("settings.file", environ={}, config_file=path)


def test_password_file_completes_the_dsn(tmp_path: Path) -> None:
    path = tmp_path / "pw"
    path.write_text("p@ss/word\n")
    environ = {"TS_DSN": "postgresql://service@h:5433/d?sslmode=require", "KSYS_DATABASE__PASSWORD_FILE": str(path)}
    dsn = load_settings(environ=environ).settings.database.dsn
    assert dsn is not None
    assert dsn.get_secret_value() == "postgresql://service:p%40ss%2Fword@h:5433/d?sslmode=require"


def test_shown_values_hide_secrets_and_cover_every_key() -> None:
    rows = {key: text for key, text, _ in load_settings(environ={"TS_DSN": DSN}).rows()}
    assert list(rows) == known_keys()
    assert "s3cret" not in "".join(rows.values())
    assert rows["database.dsn"].startswith("postgresql://service:")
    assert rows["enable_ai_features"] == "true"


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"KSYS_SIMULATOR__ENABLED": "true"}, "settings.production_simulator"),
        ({"TS_DSN": "postgresql://ksys:postgres@127.0.0.1/d"}, "settings.production_password"),
        ({"TS_DSN": "postgresql://ksys:ksys@localhost/d"}, "settings.production_password"),
        ({"TS_DSN": "postgresql://u@localhost/d", "PGPASSWORD": "postgres"}, "settings.production_password"),
        ({"TS_DSN": DSN}, "settings.production_encryption"),
        ({"TS_DSN": DSN + "?sslmode=prefer"}, "settings.production_encryption"),
        ({"TS_DSN": "postgresql:///d", "PGHOST": "10.0.0.7"}, "settings.production_encryption"),
    ],
)
def test_production_refuses(environ: dict[str, str], code: str) -> None:
    refused(code, environ={**environ, "APP_ENV": "production"})
    load_settings(environ=environ)


@pytest.mark.parametrize(
    "dsn",
    [DSN + "?sslmode=verify-full", "postgresql://u:long-and-own@127.0.0.1/d", "postgresql:///d?host=/run/postgresql"],
)
def test_production_accepts(dsn: str) -> None:
    load_settings(environ={"TS_DSN": dsn, "APP_ENV": "production"})


def test_every_key_can_be_set_by_its_variable() -> None:
    assert environment_name("database.statement_timeout_s") == "KSYS_DATABASE__STATEMENT_TIMEOUT_S"
    environ = {"KSYS_DATABASE__STATEMENT_TIMEOUT_S": "3"}
    assert load_settings(environ=environ).settings.database.statement_timeout_s == 3
