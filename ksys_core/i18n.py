"""Texts in the user's language: gettext catalogues, English as the source language.

The message identifier is the English sentence. Korean comes from ``resources/locale/ko/parts/*.po``;
the catalogue is compiled in memory when it is first used.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Literal, get_args

from ksys_core.resources import resource_path

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def N_(text: str) -> str:  # noqa: N802 - the conventional name of the gettext marker
    """Mark `text` for extraction without translating it yet."""
    return text


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    whole = Catalog(locale=language)
    for path in sorted(resource_path("locale", language, "parts").glob("*.po")):
        with path.open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    whole[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


class Translator:
    """Translates to one language; the programs hold one and may switch it while running."""

    def __init__(self, language: Language = "en") -> None:
        self.language: Language = language

    def __call__(self, text: str, **params: object) -> str:
        """The translation of `text` with `params` filled in by `str.format`."""
        translated = _catalogue(self.language).gettext(text) if text else ""
        return translated.format(**params) if params else translated

    def plural(self, singular: str, plural: str, n: int, **params: object) -> str:
        """The form for `n` things, with ``{n}`` and `params` filled in."""
        return _catalogue(self.language).ngettext(singular, plural, n).format(n=n, **params)

    def pick(self, texts: dict[str, str]) -> str:
        """The entry of an operator's text (``{"en": …, "ko": …}``) in this language, else any that there is."""
        return texts.get(self.language) or texts.get("en") or next(iter(texts.values()), "")


class ProcessTranslator(Translator):
    """The one of the process; a task may speak another language for a while, with the threads that it waits for."""

    _spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)

    @property
    def language(self) -> Language:
        return self._spoken.get() or self._usual

    @language.setter
    def language(self, language: Language) -> None:
        self._usual: Language = language

    @contextmanager
    def speaking(self, language: Language) -> Iterator[None]:
        """Translate to `language` meanwhile, in this task only."""
        token = self._spoken.set(language)
        try:
            yield
        finally:
            self._spoken.reset(token)


tr = ProcessTranslator()
"""The process-wide translator: ``tr("Acknowledge page")``; switch with ``tr.language = "ko"``."""
