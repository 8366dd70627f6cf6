"""Judging settings: what is wrong with a value, in words, and what production refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from ksys_core import dsn as dsns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.settings import Settings

DEFAULT_PASSWORDS: Final = frozenset(
    {"postgres", "password", "passwd", "admin", "administrator", "root", "secret", "changeme", "change_me"}
    | {"ksys", "ecoanp", "timescale", "timescaledb", "test", "1234", "12345", "123456", "12345678", "qwerty"}
)

_PROBLEMS: Final[Mapping[str, str]] = {
    "bool_parsing": N_("must be true or false"),
    "bool_type": N_("must be true or false"),
    "int_parsing": N_("must be a whole number"),
    "int_type": N_("must be a whole number"),
    "int_from_float": N_("must be a whole number"),
    "float_parsing": N_("must be a number"),
    "float_type": N_("must be a number"),
    "string_type": N_("must be a text"),
    "path_type": N_("must be a path"),
    "greater_than": N_("must be above {gt:g}"),
    "greater_than_equal": N_("must be {ge:g} or more"),
    "less_than_equal": N_("must be {le:g} or less"),
    "literal_error": N_("must be one of {expected}"),
    "model_type": N_("must be a section of settings, not a value"),
}


def problem_of(error: ValidationError) -> tuple[str, str]:
    """The dotted key of the first complaint and what is wrong, never with the value (it may be a secret)."""
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    context = first.get("ctx", {})
    if first["type"] == "value_error":
        return key, str(context["error"])
    text = _PROBLEMS.get(first["type"])
    return key, tr(text, **context) if text else first["msg"]


def check_production(settings: Settings, environ: Mapping[str, str]) -> None:
    """Refuse what doesn't belong into a plant's control room.

    Raises:
        KnownError: `app_env` is production, and the simulator is on, the password is one everybody knows, or the
            connection to another host may be unencrypted.
    """
    if settings.app_env != "production":
        return
    if settings.simulator.enabled:
        refuse_simulation(settings)
    if settings.database.dsn is not None:
        _check_connection(settings.database.dsn.get_secret_value(), environ)


def refuse_simulation(settings: Settings) -> None:
    """Raise KnownError in production: simulated or replayed values must not stand beside measured ones."""
    if settings.app_env == "production":
        raise KnownError(
            "settings.production_simulator",
            N_("Simulated and replayed data are refused in production. Set APP_ENV=development on a test system."),
        )


def _check_connection(dsn: str, environ: Mapping[str, str]) -> None:
    parts = dsns.parts(dsn)
    password = parts.password or environ.get("PGPASSWORD")
    if password is not None and (password.lower() in DEFAULT_PASSWORDS or password == parts.user):
        raise KnownError(
            "settings.production_password",
            N_("The database password is a well-known default, which production refuses. Change it for {user}."),
            user=parts.user,
        )
    mode = parts.sslmode or environ.get("PGSSLMODE")
    where = dsns.DsnParts(parts.host or environ.get("PGHOST"), parts.user, password, mode)
    if not (where.local or where.encrypted):
        raise KnownError(
            "settings.production_encryption",
            N_("The connection to {host} may be unencrypted, which production refuses. Add sslmode=verify-full to it."),
            host=where.host,
        )
