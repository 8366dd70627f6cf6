"""Filling the settings: arguments over environment over TOML file over defaults, each value with its origin."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import platformdirs
from pydantic import BaseModel, SecretStr, ValidationError

from ksys_core import dsn as dsns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.settings import Settings
from ksys_core.settings_check import check_production, problem_of

OriginKind = Literal["argument", "environment", "file", "default"]

ALIASES: Final[Mapping[str, str]] = {
    "POSTGRES_CONNECTION_STRING": "database.dsn",
    "TS_DSN": "database.dsn",
    "APP_ENV": "app_env",
    "TZ": "time_zone",
    "ENABLE_AI_FEATURES": "enable_ai_features",
    "VERSION_TYPE": "version_type",
}
"""The predecessor's variables; a later one of the same key wins, and KSYS_… wins over both."""

OTHER_VARIABLES: Final = frozenset(
    {
        "KSYS_CONFIG",
        "KSYS_TEST_DSN",
        "KSYS_REQUIRE_TIMESCALE",
        "KSYS_PARENT_PIPE",
        "KSYS_ADMIN_DSN",
        "KSYS_OWNER_PASSWORD",
        "KSYS_SERVICE_PASSWORD",
        "KSYS_OPERATOR_PASSWORD",
    }
)
"""KSYS_… variables that are no settings: hand-over between the programs, and the tests' server."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from, and its name or file there."""

    kind: OriginKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings and, for each dotted key, its origin."""

    settings: Settings
    origins: Mapping[str, Origin]

    def rows(self) -> Iterator[tuple[str, str, Origin]]:
        """Key, printable value (secrets hidden) and origin of every setting."""
        for key in known_keys():
            yield key, _printable(_value(self.settings, key)), self.origins[key]


def known_keys(model: type[BaseModel] = Settings, prefix: str = "") -> list[str]:
    """Dotted keys of all settings in declared order."""
    keys: list[str] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys += known_keys(kind, f"{prefix}{name}.")
        else:
            keys.append(prefix + name)
    return keys


def environment_name(key: str) -> str:
    """The variable of a dotted key: ``database.dsn`` is KSYS_DATABASE__DSN."""
    return "KSYS_" + key.replace(".", "__").upper()


def load_settings(
    overrides: Mapping[str, str] | None = None, *, environ: Mapping[str, str], config_file: Path | None = None
) -> LoadedSettings:
    """Read the settings.

    Args:
        overrides: dotted key to text, from the command line.
        environ: the environment; an empty variable counts as not set.
        config_file: a TOML file that must exist; None looks in KSYS_CONFIG and the user's configuration folder.

    Raises:
        KnownError: an unknown key (with the nearest known one), a bad value, or something production refuses.
    """
    found: dict[str, tuple[object, Origin]] = {}
    path = config_file or find_config_file(environ)
    if path is not None:
        found |= _from_file(path)
    found |= _from_environment(environ)
    found |= _from_arguments(overrides or {})
    settings = _with_password_file(_validated(found))
    check_production(settings, environ)
    origins = {key: found[key][1] if key in found else Origin("default") for key in known_keys()}
    return LoadedSettings(settings, origins)


def find_config_file(environ: Mapping[str, str]) -> Path | None:
    """KSYS_CONFIG, else ``ksys.toml`` in the user's or the machine's configuration folder, else None."""
    if named := environ.get("KSYS_CONFIG"):
        return Path(named)
    if not (environ.get("HOME") or environ.get("APPDATA")):
        return None
    folders = platformdirs.PlatformDirs("ksys", appauthor=False)
    candidates = (folders.user_config_path / "ksys.toml", folders.site_config_path / "ksys.toml")
    return next((path for path in candidates if path.is_file()), None)


def _from_file(path: Path) -> dict[str, tuple[object, Origin]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise KnownError(
            "settings.file", N_("The settings file {path} can't be read: {reason}."), path=path, reason=error.strerror
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnownError(
            "settings.file", N_("The settings file {path} is no valid TOML: {reason}."), path=path, reason=error
        ) from error
    flat = dict(_flattened(content))
    for key in flat:
        _check_known(key, key, known_keys(), str(path))
    return {key: (value, Origin("file", str(path))) for key, value in flat.items()}


def _flattened(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[object, Origin]]:
    own = {environment_name(key): key for key in known_keys()}
    for name in environ:
        if name.startswith("KSYS_") and name not in own and name not in OTHER_VARIABLES:
            _check_known(name, name, list(own), "environment")
    names = {**ALIASES, **own}
    return {key: (environ[name], Origin("environment", name)) for name, key in names.items() if environ.get(name)}


def _from_arguments(overrides: Mapping[str, str]) -> dict[str, tuple[object, Origin]]:
    for key in overrides:
        _check_known(key, key, known_keys(), "argument")
    return {key: (value, Origin("argument", key)) for key, value in overrides.items()}


def _check_known(key: str, shown: str, known: list[str], where: str) -> None:
    if key in known:
        return
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
    raise KnownError(
        "settings.unknown",
        N_("Unknown setting {key} ({where}). The nearest known name is {nearest}."),
        key=shown,
        where=where,
        nearest=nearest,
    )


def _validated(found: Mapping[str, tuple[object, Origin]]) -> Settings:
    tree: dict[str, Any] = {}
    for key, (value, _) in found.items():
        *path, name = key.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[name] = value
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        key, problem = problem_of(error)
        origin = found[key][1] if key in found else Origin("default")
        raise KnownError(
            "settings.value",
            N_("The setting {key} ({where}) can't be used: it {problem}."),
            key=key,
            where=origin.name or origin.kind,
            problem=problem,
        ) from None


def _with_password_file(settings: Settings) -> Settings:
    database = settings.database
    if database.dsn is None or database.password_file is None or dsns.parts(database.dsn.get_secret_value()).password:
        return settings
    try:
        password = database.password_file.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise KnownError(
            "settings.password_file",
            N_("The password file {path} (database.password_file) can't be read: {reason}."),
            path=database.password_file,
            reason=error.strerror,
        ) from error
    dsn = SecretStr(dsns.with_password(database.dsn.get_secret_value(), password))
    return settings.model_copy(update={"database": database.model_copy(update={"dsn": dsn})})


def _value(settings: Settings, key: str) -> object:
    value: object = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _printable(value: object) -> str:
    if isinstance(value, SecretStr):
        return dsns.masked(value.get_secret_value())
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
