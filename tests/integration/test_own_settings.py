"""Settings of one's own screen: each person's apart, for every role, with a trace."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ksys_core.errors import KnownError
from ksys_core.store.own_settings import load_own, save_own
from ksys_core.store.pool import Database


@pytest.fixture
def logins(login_dsn: Callable[[str], str]) -> tuple[str, str]:
    """DSNs of a viewer and of an operator."""
    return login_dsn("ksys_viewer"), login_dsn("ksys_operator")


async def test_each_person_has_own_settings(database: Database, logins: tuple[str, str]) -> None:
    viewer, operator = [await Database.connect(each) for each in logins]
    try:
        filters = {"pumps": {"text": "펌프"}}
        assert await load_own(viewer, "alarms.filters") is None
        assert await save_own(viewer, "alarms.filters", filters, "desk 7")
        assert not await save_own(viewer, "alarms.filters", filters), "the same again changes nothing"
        assert await load_own(viewer, "alarms.filters") == filters
        assert await load_own(operator, "alarms.filters") is None
        await save_own(operator, "alarms.filters", {})
        assert await load_own(viewer, "alarms.filters") == filters
    finally:
        await viewer.close()
        await operator.close()
    trace = await database.fetch("select actor, station, action, before, after from audit_log order by audit_id")
    assert [(row["actor"], row["station"], row["action"]) for row in trace] == [
        ("test_ksys_viewer", "desk 7", "settings.own"),
        ("test_ksys_operator", "", "settings.own"),
    ]
    key = await database.fetchval("select key from settings_values where changed_by = 'test_ksys_viewer'")
    assert key == "user/test_ksys_viewer/alarms.filters"


@pytest.mark.parametrize("name", ["", "../other", "A", "x" * 65])
async def test_no_name_leads_elsewhere(database: Database, name: str) -> None:
    with pytest.raises(KnownError, match="is no name for a setting"):
        await save_own(database, name, 1)


async def test_too_much_is_refused(database: Database) -> None:
    with pytest.raises(KnownError, match="too long"):
        await save_own(database, "alarms.filters", ["x" * 70_000])
