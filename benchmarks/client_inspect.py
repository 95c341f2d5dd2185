"""inspect-ai as its manual drives it: ten samples in epochs, no scorer, no display, its log on disk."""

import tempfile

from measured import MODEL, QUESTIONS, arguments, report

ASKED = arguments()

from inspect_ai import Epochs, Task, eval  # noqa: E402
from inspect_ai.dataset import Sample  # noqa: E402
from inspect_ai.model import get_model  # noqa: E402


def _sample() -> int:
    model = get_model(f"openai/{MODEL}", base_url=ASKED.url, api_key="none", responses_api=False)
    task = Task(dataset=[Sample(input=q) for q in QUESTIONS], epochs=Epochs(ASKED.samples // len(QUESTIONS), []))
    with tempfile.TemporaryDirectory() as folder:
        (log,) = eval(
            task,
            model=model,
            max_connections=ASKED.concurrency,
            display="none",
            log_dir=folder,
            temperature=1.0,
            max_tokens=400,
        )
        return len({sample.output.completion for sample in log.samples or []})


report(_sample)
