"""A model as a file: JSON with a checksum, taken in again only when everything in it holds."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from ksys_core.domain.times import SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.base import Frozen
from ksys_core.i18n import N_
from ksys_core.services import models
from ksys_core.store import models as store
from ksys_core.store.models import NewModel
from ksys_core.store.pool import Database

FORMAT: Final = "ksys-model"
MAX_CHARS: Final = 2 * artefacts.MAX_CHARS + 100_000


class ModelFile(Frozen):
    """The file's content; `checksum` is SHA-256 over all the rest, `artefact` the model as it is stored."""

    format: Literal["ksys-model"]
    version: Literal[1]
    tag: str = Field(min_length=1, max_length=128)
    algorithm: str
    interval_s: int = Field(ge=60)
    horizon: int = Field(ge=1, le=10_000)
    season: int = Field(ge=1, le=100_000)
    params: dict[str, Any]
    artefact: str
    artefact_sha256: str
    data_from_ns: int
    data_to_ns: int
    data_n: int = Field(ge=0)
    fit_s: float = Field(ge=0)
    scale: Annotated[float, Field(gt=0)] | None = None
    notes: tuple[str, ...] = ()
    checksum: str

    def sum(self) -> str:
        """The checksum that the content must have."""
        rest = self.model_dump(mode="json", exclude={"checksum"})
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


async def export(db: Database, *, model_id: int) -> str:
    """The file of a model.

    Raises:
        KnownError: there is none of this number.
    """
    found = await store.stored(db, model_id)
    if found is None:
        raise KnownError("models.unknown", N_("There is no model {model}."), model=model_id)
    tag, model = found
    made = ModelFile(
        format=FORMAT,
        version=1,
        tag=tag,
        algorithm=model.algorithm,
        interval_s=model.interval_s,
        horizon=model.horizon,
        season=model.season,
        params=model.params,
        artefact=model.artefact,
        artefact_sha256=model.artefact_sha256,
        data_from_ns=model.data_from_ns,
        data_to_ns=model.data_to_ns,
        data_n=model.data_n,
        fit_s=model.fit_s,
        scale=model.scale,
        notes=tuple(model.notes),
        checksum="",
    )
    whole = made.model_copy(update={"checksum": made.sum()})
    return json.dumps(whole.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


async def take_in(db: Database, *, text: str, tag: str | None = None) -> int:
    """Keep the model of a file, for its tag or for `tag`; its number.

    Raises:
        KnownError: the file is damaged or not one of ours, or there is no such tag.
    """
    given = checked(text)
    sensor_id = await models.sensor_of(db, tag or given.tag)
    values = given.model_dump(exclude={"format", "version", "tag", "checksum"})
    return await store.add_model(db, NewModel(sensor_id=sensor_id, **values))


def checked(text: str) -> ModelFile:
    """The content of a file whose checksum holds and whose model can be loaded and is what the file says.

    Raises:
        KnownError: anything in it is not as it must be.
    """
    if len(text) > MAX_CHARS:
        raise _refused(N_("The file was refused: it is too large."))
    try:
        given = ModelFile.model_validate_json(text)
    except (ValidationError, ValueError, RecursionError) as error:
        raise _refused(N_("The file was refused: it is no exported model.")) from error
    if given.sum() != given.checksum:
        raise _refused(N_("The file was refused: its checksum is wrong."))
    fitted = artefacts.load(given.artefact, given.artefact_sha256)
    said = (given.algorithm, given.interval_s, given.horizon, given.season)
    held = (fitted.spec.name, fitted.window.step // SECOND, fitted.horizon, fitted.season)
    window_fits = given.data_from_ns < given.data_to_ns == fitted.window.start
    if said != held or not window_fits or fitted.window.step % SECOND:
        raise _refused(N_("The file was refused: its model is not the one that it names."))
    return given


def _refused(text: str) -> KnownError:
    return KnownError("models.file", text)
