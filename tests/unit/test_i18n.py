"""A task that speaks another language for a while, beside others that do not."""

from __future__ import annotations

import asyncio

from ksys_core.i18n import ProcessTranslator


async def test_a_language_is_spoken_by_one_task_and_its_threads_only() -> None:
    tr = ProcessTranslator()
    speaking, heard = asyncio.Event(), asyncio.Event()

    async def speaker() -> list[str]:
        with tr.speaking("ko"):
            speaking.set()
            await heard.wait()
            said = [tr.language, await asyncio.to_thread(lambda: tr.language)]
        return [*said, tr.language]

    task = asyncio.create_task(speaker())
    await speaking.wait()
    assert tr.language == "en"
    heard.set()
    assert await task == ["ko", "ko", "en"]
    tr.language = "ko"
    assert tr.language == "ko"
