"""`ksys alarms export` and `import`: the master alarm table as a file, and back, looked at before it is applied."""

from __future__ import annotations

import asyncio
import json
import platform
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.domain.alarms.master_diff import MasterDiff, RowDiff
from ksys_core.i18n import tr
from ksys_core.services import alarms_master
from ksys_core.settings_sources import LoadedSettings


def export(file: Path, *, common: Common = DEFAULT) -> int:
    """Write the master alarm table to a file.

    Parameters
    ----------
    file:
        Where to; .csv or .xlsx.
    """
    rows = asyncio.run(_export(common.load(), file))
    print(tr("{n} rows written to {file}", n=rows, file=file.name))
    return 0


def import_(
    file: Path,
    *,
    apply: bool = False,
    reason: str = "",
    moc: str = "",
    json_output: JsonFlag = False,
    common: Common = DEFAULT,
) -> int:
    """Show what a file would change of the master alarm table; exit status 1 when a row is wrong.

    Parameters
    ----------
    file:
        An exported table, edited; .csv or .xlsx.
    apply:
        Store the changes, all or none; nothing is stored while a row is wrong.
    reason:
        Why; kept in the history. Needed to apply.
    moc:
        Number of the change's management of change.
    json_output:
        Print a JSON object.
    """
    diff, stored = asyncio.run(_import(common.load(), file, reason if apply else None, moc))
    if json_output:
        print(json.dumps(_plain(diff, stored), ensure_ascii=False))
    else:
        _print(diff, stored)
    return 1 if diff.count("wrong") else 0


async def _export(loaded: LoadedSettings, file: Path) -> int:
    async with database(loaded) as db:
        return await alarms_master.export_table(file, await alarms_master.load_table(db))


async def _import(loaded: LoadedSettings, file: Path, reason: str | None, moc: str) -> tuple[MasterDiff, int | None]:
    """The differences, and how many alarms were stored (None: not asked for, or refused by a wrong row)."""
    async with database(loaded, "operator") as db:
        table = await alarms_master.load_table(db)
        diff = await alarms_master.read_changes(file, table)
        if reason is None or diff.count("wrong"):
            return diff, None
        station = platform.node()
        return diff, await alarms_master.save(db, table, diff.wanted, station=station, reason=reason, moc=moc)


def _print(diff: MasterDiff, stored: int | None) -> None:
    shown = [row for row in diff.rows if row.status != "unchanged"]
    if shown:
        table = Table(tr("Row"), tr("Result"), tr("Tag"), tr("Kind"), tr("What"))
        for row in shown:
            cells = (str(row.row), row.status, row.key[0], " ".join(filter(None, row.key[1:])), _what(row))
            table.add_row(*(Text(cell) for cell in cells))  # texts of people are no markup
        Console().print(table)
    print(
        tr(
            "{added} added, {changed} changed, {unchanged} unchanged, {wrong} wrong; {untouched} not in the file stay",
            added=diff.count("added"),
            changed=diff.count("changed"),
            unchanged=diff.count("unchanged"),
            wrong=diff.count("wrong"),
            untouched=diff.untouched,
        )
    )
    if stored is not None:
        print(tr.plural("{n} alarm changed.", "{n} alarms changed.", stored))
    elif diff.wanted and not diff.count("wrong"):
        print(tr("Nothing is changed yet: repeat it with --apply and --reason."))


def _what(row: RowDiff) -> str:
    if row.problems:
        return "\n".join(f"{problem.field}: {problem.error}" for problem in row.problems)
    return "\n".join(f"{change.field}: {change.was or '-'} -> {change.becomes or '-'}" for change in row.changes)


def _plain(diff: MasterDiff, stored: int | None) -> dict[str, object]:
    rows = [
        {
            "row": row.row,
            "alarm": list(row.key),
            "status": row.status,
            "changes": {change.field: [change.was, change.becomes] for change in row.changes},
            "problems": {problem.field: str(problem.error) for problem in row.problems},
        }
        for row in diff.rows
        if row.status != "unchanged"
    ]
    return {"rows": rows, "unchanged": diff.count("unchanged"), "untouched": diff.untouched, "stored": stored}
