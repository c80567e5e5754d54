"""The Ray Serve deployments of both topologies. With `app` and `noticeboard`, the only modules that know Ray.

    fused     load balancer -> ImageClassifier
    split     load balancer -> Ingress -> Inference_<model>, one deployment a model

How many replicas a deployment has, and what each may use, is set in serve_config.yaml.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ray import serve
from ray.exceptions import RayActorError
from ray.serve import Application
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, ReplicaUnavailableError
from ray.serve.handle import DeploymentHandle
from starlette.types import ASGIApp

from serve_app.artifacts import ModelCard
from serve_app.bootstrap import connect_repository, load_pixel_classifier, load_repository, open_journal, open_lines
from serve_app.errors import DeadlineExceeded, HttpError, NotReady, Overloaded
from serve_app.http.app import create_app
from serve_app.http.edge import watch_clients_here
from serve_app.journal import Origin
from serve_app.noticeboard import SharedStatus, share_status
from serve_app.preprocessing import Pixels
from serve_app.settings import Settings
from serve_app.spare import SpareKeeper
from serve_app.split import ModelLogits, Ranking

_RETRY_AFTER_S = 1.0


def bind(settings: Settings, *, by_reference: bool = False) -> Application:
    """Describe the deployments of an application with these settings; their scale comes from serve_config.yaml.

    by_reference: how the split topology carries pixels. False: by gRPC. True: by Ray's actor calls, which leave what is
    over 100 kB in the object store; an image of 224 x 224 has 150 kB. Why gRPC: benchmarks/RESULTS.md.
    """
    if settings.topology == "fused":
        return serve.deployment(ImageClassifier).bind(settings)
    # More than all that may wait, so that the batcher says no, and knows why, before Ray would.
    most = 2 * settings.overload.max_pending_images + settings.inference.max_batch_size
    inference = serve.deployment(Inference, max_ongoing_requests=most)
    names = [model.api_name for model in settings.models]
    models = {name: inference.options(name=f"Inference_{name}").bind(settings, name) for name in names}
    return serve.deployment(Ingress).bind(settings, models, by_reference)


@serve.ingress()
class ImageClassifier:
    """One fused replica: HTTP, decoding and the models in one process.

    Nothing else runs between the load balancer and the model, so a request crosses no process boundary inside the
    application.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        origin, logs = _find_place()
        self._journal = open_journal(settings, origin, logs)
        # Ray's folder of this session on this node, of which `logs` is logs/serve.
        self._repository = load_repository(settings, logs.parents[1] / "argus" / quote(origin.application, safe=""))

    async def __serve_build_asgi_app__(self) -> ASGIApp:
        watch_clients_here()
        status = share_status(lambda: self._repository.queued, lambda: self._repository.batches)
        self._spare = _keep_spare(self._settings, status)
        return create_app(
            self._repository, self._settings, status_source=status, journal=self._journal, echo_request_id=False
        )


class Inference:
    """One replica of one model. Batches what arrives from every ingress replica."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._lines = open_lines(settings, *_find_place())
        self._classifier = load_pixel_classifier(settings, name)
        # Its queue is part of the service's status, and its batches of the metrics.
        self._status = share_status(lambda: self._classifier.waiting, lambda: {name: self._classifier.batches})
        self._spare = _keep_spare(settings, self._status)

    async def describe(self) -> ModelCard:
        """The model's card: the ingress takes preprocessing and labels from where the model is."""
        return self._classifier.card

    async def rank(self, pixels: Pixels, top_k: int, min_score: float, seconds_left: float) -> Ranking | HttpError:
        """See `PixelModel.rank`. A foreseen error is returned: Ray would log what is raised, each with its trace."""
        try:
            return await self._classifier.rank(pixels, top_k=top_k, min_score=min_score, seconds_left=seconds_left)
        except HttpError as error:
            return error

    async def infer(self, pixels: Pixels, seconds_left: float) -> ModelLogits | HttpError:
        """See `PixelModel.infer`. A foreseen error is returned, as by `rank`."""
        try:
            return await self._classifier.infer(pixels, seconds_left=seconds_left)
        except HttpError as error:
            return error


@serve.ingress()
class Ingress:
    """One replica that takes HTTP, decodes, and has the models elsewhere. It is up when every model has answered."""

    def __init__(
        self, settings: Settings, models: Mapping[str, DeploymentHandle[Inference]], by_reference: bool
    ) -> None:
        self._settings = settings
        self._journal = open_journal(settings, *_find_place())
        self._handles = models
        self._by_reference = by_reference

    async def __serve_build_asgi_app__(self) -> ASGIApp:
        watch_clients_here()
        models = {
            name: HandledModel(handle, await handle.describe.remote(), by_reference=self._by_reference)
            for name, handle in self._handles.items()
        }
        repository = connect_repository(self._settings, models)
        status = share_status(lambda: repository.queued, lambda: repository.batches)
        self._spare = _keep_spare(self._settings, status)
        return create_app(
            repository, self._settings, status_source=status, journal=self._journal, echo_request_id=False
        )


class HandledModel:
    """A `PixelModel` behind a deployment handle."""

    def __init__(self, handle: DeploymentHandle[Inference], card: ModelCard, *, by_reference: bool) -> None:
        self.card = card
        self._rank = handle.options(method_name="rank", _by_reference=by_reference)
        self._infer = handle.options(method_name="infer", _by_reference=by_reference)

    async def rank(self, pixels: Pixels, *, top_k: int, min_score: float, seconds_left: float) -> Ranking:
        """See `PixelModel.rank`. A caller that leaves takes its call with it."""
        answer: Ranking = await _call(self._rank, pixels, top_k, min_score, seconds_left)
        return answer

    async def infer(self, pixels: Pixels, *, seconds_left: float) -> ModelLogits:
        """See `PixelModel.infer`. A caller that leaves takes its call with it."""
        answer: ModelLogits = await _call(self._infer, pixels, seconds_left)
        return answer


async def _call(method: DeploymentHandle[Inference], *arguments: Any) -> Any:
    """What the method of a handle answers; the last argument: the seconds that are left for it. Raises HttpError."""
    try:
        async with asyncio.timeout(arguments[-1]):
            answer = await _await(method.remote(*arguments))
    except TimeoutError:
        raise DeadlineExceeded("The deadline passed while the image waited. Try again later.") from None
    except BackPressureError as error:
        raise Overloaded(
            "The queue is full. Try again later.", retry_after_s=error.retry_after_s or _RETRY_AFTER_S
        ) from error
    except (RayActorError, DeploymentUnavailableError, ReplicaUnavailableError) as error:
        raise NotReady("The model's process went away. Try again.", retry_after_s=_RETRY_AFTER_S) from error
    if isinstance(answer, HttpError):
        raise answer
    return answer


async def _await(response: Any) -> Any:
    try:
        return await response
    except asyncio.CancelledError:
        response.cancel()
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # Nobody here asked for it: Ray cancels the calls of a replica that it stops.
        raise NotReady("The model's process is stopping. Try again.", retry_after_s=_RETRY_AFTER_S) from None


def _keep_spare(settings: Settings, status: SharedStatus) -> SpareKeeper | None:
    return SpareKeeper(serve.get_replica_context().app_name, status) if settings.spare_process else None


def _find_place() -> tuple[Origin, Path]:
    """Which replica this is, and the folder of Ray Serve's own logs."""
    from ray.serve._private.logging_utils import get_serve_logs_dir

    context = serve.get_replica_context()
    origin = Origin(context.app_name, context.deployment, context.replica_tag)
    return origin, Path(get_serve_logs_dir())
