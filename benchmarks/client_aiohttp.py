"""The practical limit: a bare aiohttp loop that keeps the texts and nothing else."""

import asyncio
from collections.abc import Iterator

import aiohttp
from measured import MODEL, QUESTIONS, arguments, report

ASKED = arguments()


async def _worker(session: aiohttp.ClientSession, prompts: Iterator[str], texts: list[str]) -> None:
    more = {"n": ASKED.choices} if ASKED.choices > 1 else {}
    for prompt in prompts:
        body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], "temperature": 1.0, **more}
        async with session.post(f"{ASKED.url}/chat/completions", json=body) as reply:
            reply.raise_for_status()
            answer = await reply.json()
        texts.extend(choice["message"]["content"] for choice in answer["choices"])


async def _sample() -> int:
    texts: list[str] = []
    prompts = iter([QUESTIONS[i % len(QUESTIONS)] for i in range(ASKED.samples // ASKED.choices)])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=ASKED.concurrency)) as session:
        await asyncio.gather(*(_worker(session, prompts, texts) for _ in range(ASKED.concurrency)))
    return len(set(texts))


report(lambda: asyncio.run(_sample()))
