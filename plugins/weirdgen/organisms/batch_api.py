"""Files and batches over HTTP, as OpenAI documents them."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from weirdgen.organisms.batch_jobs import Answer, Job
from weirdgen.organisms.wire import Refusal

LARGEST_FILE = 200 * 10**6
WINDOW = 24 * 3600.0
"""Seconds that a batch has."""
_MOST_LISTED = 100


class _Creation(BaseModel):
    """The body of ``POST /v1/batches``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    input_file_id: str
    endpoint: Literal["/v1/chat/completions"]
    completion_window: Literal["24h"]
    metadata: (
        Annotated[
            dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True)
class _File:
    id: str
    name: str
    purpose: str
    data: bytes
    created_at: int

    @property
    def card(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.data),
            "created_at": self.created_at,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


class BatchApi:
    """Files and batches of one server, kept in memory: they end with it."""

    def __init__(self, answer: Answer, *, window: float = WINDOW) -> None:
        """Begin with nothing.

        Args:
            answer: gives the completion to a request's body.
            window: seconds that a batch has; another one than a day is for tests.
        """
        self._answer, self._window = answer, window
        self._files: dict[str, _File] = {}
        self._jobs: dict[str, Job] = {}
        self._running: set[asyncio.Task[None]] = set()

    def routes(self, guarded: Callable[..., Any]) -> Sequence[Route]:
        """Return the routes; `guarded` checks keys and answers refusals."""
        return [
            Route("/v1/files", guarded(self._upload), methods=["POST"]),
            Route("/v1/files/{id}", guarded(self._file)),
            Route("/v1/files/{id}/content", guarded(self._content)),
            Route("/v1/batches", guarded(self._create), methods=["POST"]),
            Route("/v1/batches", guarded(self._list)),
            Route("/v1/batches/{id}", guarded(self._batch)),
            Route("/v1/batches/{id}/cancel", guarded(self._cancel), methods=["POST"]),
        ]

    async def _upload(self, request: Request) -> Response:
        try:
            form = await request.form(max_files=1, max_fields=8)
        except HTTPException as error:
            raise Refusal(400, f"the body is no multipart form: {error.detail}.") from None
        try:
            file, purpose = form.get("file"), form.get("purpose")
            if not isinstance(file, UploadFile):
                raise Refusal(400, "file is missing.", param="file")
            if purpose != "batch":
                raise Refusal(400, f"purpose {purpose!r:.40}: only 'batch' is served here.", param="purpose")
            data = await file.read(LARGEST_FILE + 1)
            if len(data) > LARGEST_FILE:
                raise Refusal(413, f"the file exceeds {LARGEST_FILE} bytes.", param="file")
            return JSONResponse(self._kept(data, file.filename or "", "batch").card)
        finally:
            await form.close()

    async def _file(self, request: Request) -> Response:
        return JSONResponse(self._file_of(request.path_params["id"]).card)

    async def _content(self, request: Request) -> Response:
        return Response(self._file_of(request.path_params["id"]).data, media_type="application/octet-stream")

    async def _create(self, request: Request) -> Response:
        try:
            asked = _Creation.model_validate_json(await request.body())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            param = ".".join(str(part) for part in first["loc"])
            raise Refusal(400, f"{param}: {first['msg']}.", param=param) from None
        data = self._file_of(asked.input_file_id).data
        job = Job(asked.input_file_id, self._window, asked.metadata, lambda out: self._kept(out, "", "batch_output").id)
        self._jobs[job.id] = job
        task = asyncio.create_task(job.run(data, self._answer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return JSONResponse(job.card)

    async def _list(self, request: Request) -> Response:
        newest = list(reversed(self._jobs.values()))
        try:
            limit = min(_MOST_LISTED, max(1, int(request.query_params.get("limit", "20"))))
        except ValueError:
            raise Refusal(400, "limit must be a number.", param="limit") from None
        if (after := request.query_params.get("after")) is not None:
            self._job_of(after)
            newest = newest[[job.id for job in newest].index(after) + 1 :]
        page = [job.card for job in newest[:limit]]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
        return JSONResponse({"object": "list", "data": page, **ends, "has_more": len(newest) > limit})

    async def _batch(self, request: Request) -> Response:
        return JSONResponse(self._job_of(request.path_params["id"]).card)

    async def _cancel(self, request: Request) -> Response:
        job = self._job_of(request.path_params["id"])
        job.cancel()
        return JSONResponse(job.card)

    def _kept(self, data: bytes, name: str, purpose: str) -> _File:
        file = _File(f"file-{uuid.uuid4().hex}", name, purpose, data, int(time.time()))
        self._files[file.id] = file
        return file

    def _file_of(self, name: str) -> _File:
        if name not in self._files:
            raise Refusal(404, f"No such File object: {name:.80}", param="id")
        return self._files[name]

    def _job_of(self, name: str) -> Job:
        if name not in self._jobs:
            raise Refusal(404, f"No batch found with id {json.dumps(name):.80}.")
        return self._jobs[name]
