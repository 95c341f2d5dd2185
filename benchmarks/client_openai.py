"""A bare loop around the official client, with either transport."""

import asyncio
from collections.abc import Iterator

from measured import MODEL, QUESTIONS, arguments, hide_aiohttp, import_transport, report

ASKED = arguments()
hide_aiohttp(ASKED.transport)

import openai  # noqa: E402
import openai.resources.chat  # noqa: E402


async def _worker(client: openai.AsyncOpenAI, prompts: Iterator[str], texts: list[str | None]) -> None:
    for prompt in prompts:
        answer = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": prompt}], temperature=1.0, top_p=1.0, max_tokens=400
        )
        texts.append(answer.choices[0].message.content)


async def _sample() -> int:
    texts: list[str | None] = []
    prompts = iter([QUESTIONS[i % len(QUESTIONS)] for i in range(ASKED.samples)])
    transport = openai.DefaultAioHttpClient() if ASKED.transport == "aiohttp" else None
    async with openai.AsyncOpenAI(api_key="none", base_url=ASKED.url, max_retries=0, http_client=transport) as client:
        await asyncio.gather(*(_worker(client, prompts, texts) for _ in range(ASKED.concurrency)))
    return len(set(texts))


import_transport()
report(lambda: asyncio.run(_sample()))
