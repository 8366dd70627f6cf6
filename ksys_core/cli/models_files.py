"""`ksys models export`, `import` and `import-pipeline`: models and their settings as files."""

from __future__ import annotations

import asyncio
import json
import platform
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import model_files, pipeline_config, training
from ksys_core.services.pipeline_config import Imported
from ksys_core.settings_sources import LoadedSettings


def export(model: int, file: Path, /, *, common: Common = DEFAULT) -> int:
    """Write MODEL with its checksum to FILE (JSON).

    Parameters
    ----------
    model:
        Its number, see "ksys models list".
    file:
        It must not exist yet.
    """
    asyncio.run(_export(common.load(), model, file))
    return 0


def take_in(file: Path, /, *, tag: str | None = None, common: Common = DEFAULT) -> int:
    """Keep the model of FILE, which "ksys models export" has written. It is not deployed.

    Parameters
    ----------
    file:
        The file. A damaged or foreign one is refused.
    tag:
        For this tag instead of the file's.
    """
    asyncio.run(_take_in(common.load(), file, tag))
    return 0


def import_pipeline(
    file: Path,
    /,
    *,
    algorithm: str | None = None,
    train: str | None = None,
    json_output: JsonFlag = False,
    common: Common = DEFAULT,
) -> int:
    """Take the numbers of the predecessor's pipeline_config (JSON) into settings of ours, and say what was taken.

    Its pickled models are never opened.

    Parameters
    ----------
    file:
        The JSON file.
    algorithm:
        What it is for, where the file does not say.
    train:
        File a training job for this tag with what was taken.
    json_output:
        Print a JSON object.
    """
    found = pipeline_config.read(_bytes(file), algorithm)
    if json_output:
        lines = [{"name": x.name, "value": x.value, "taken_as": x.taken_as, "reason": x.reason} for x in found.lines]
        request = {"algorithms": list(found.request.algorithms), **found.request.plain()}
        print(json.dumps({"request": request, "lines": lines}))
    else:
        Console().print(_report(found))
    if train is not None:
        asyncio.run(_file_job(common.load(), train, found))
    return 0


def _report(found: Imported) -> Table:
    made = Table(tr("Entry of the file"), tr("Value"), tr("Taken as"), tr("Not taken because"))
    made.caption = f"{', '.join(found.request.algorithms)}: {json.dumps(found.request.plain())}"
    for line in found.lines:
        made.add_row(line.name, line.value, line.taken_as, tr(line.reason))
    return made


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise KnownError("cli.file", N_("{file}: {reason}"), file=file, reason=error.strerror) from error


async def _export(loaded: LoadedSettings, model: int, file: Path) -> None:
    async with database(loaded) as db:
        text = await model_files.export(db, model_id=model)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise KnownError("cli.file", N_("{file}: {reason}"), file=file, reason=error.strerror) from error
    print(tr("Model {model} is written to {file}.", model=model, file=file))


async def _take_in(loaded: LoadedSettings, file: Path, tag: str | None) -> None:
    text = _bytes(file).decode("utf-8", errors="replace")
    async with database(loaded) as db:
        model = await model_files.take_in(db, text=text, tag=tag)
    print(tr("Model {model} is kept. Deploy it with: ksys models promote {model} --reason …", model=model))


async def _file_job(loaded: LoadedSettings, tag: str, found: Imported) -> None:
    async with database(loaded) as db:
        request = found.request.in_zone(loaded.settings.time_zone)
        job = await training.file(db, tags=[tag], request=request, station=platform.node())
    print(tr("Training job {job} is filed.", job=job))
