"""llmcomp as its README drives it: one question with ten paraphrases, its default of 100 threads."""

import tempfile

from measured import MODEL, QUESTIONS, arguments, report

ASKED = arguments()

from llmcomp import Config, Question  # noqa: E402


def _sample() -> int:
    with tempfile.TemporaryDirectory() as folder:
        Config.url_key_pairs = [(ASKED.url, "none", "OPENAI_API_KEY")]
        Config.max_workers = ASKED.concurrency
        Config.cache_dir = folder
        question = Question.create(
            type="free_form",
            name="throughput",
            paraphrases=list(QUESTIONS),
            samples_per_paraphrase=ASKED.samples // len(QUESTIONS),
            max_tokens=400,
        )
        return len(set(question.df({"group": [MODEL]})["answer"]))


report(_sample)
