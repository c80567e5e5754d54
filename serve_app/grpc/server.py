"""The gRPC server: its calls, its limits, and how each call ends.

Every call is given an id, `x-request-id`, unless it brings one; the service's log has it, and the answer's trailing
metadata. A call whose client leaves, or whose deadline passes, is cancelled, and the service's work with it.
"""

import logging
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from serve_app.grpc.calls import Caller, Calls
from serve_app.grpc.options import Options
from serve_app.grpc.protocol import health_pb2 as health
from serve_app.grpc.protocol import open_inference_pb2 as messages
from serve_app.grpc.statuses import CallError

log = logging.getLogger(__name__)

_FORWARDED = ("authorization", "x-api-key", "traceparent", "tracestate")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_FULL_RETRY_AFTER_S = 1.0

Call = Callable[[Any, Caller], Awaitable[Message]]


def build_server(calls: Calls, options: Options) -> grpc.aio.Server:
    """A server with every call, that listens nowhere yet."""
    server = grpc.aio.server(
        maximum_concurrent_rpcs=options.max_calls,
        options=[
            ("grpc.max_receive_message_length", options.max_message_bytes),
            ("grpc.max_send_message_length", -1),
            # A second server on the port would get a part of the calls, without a word.
            ("grpc.so_reuseport", 0),
        ],
    )
    answering = _Answering(options.max_pending_bytes)
    inference = messages.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    unary: dict[str, Call] = {
        "ServerLive": calls.server_live,
        "ServerReady": calls.server_ready,
        "ModelReady": calls.model_ready,
        "ServerMetadata": calls.server_metadata,
        "ModelMetadata": calls.model_metadata,
        "ModelInfer": calls.model_infer,
        "ModelConfig": calls.model_config,
        "ModelStatistics": calls.model_statistics,
        "RepositoryIndex": calls.repository_index,
    }
    handlers = {name: answering.handle(inference.methods_by_name[name], call) for name, call in unary.items()}
    handlers["ModelStreamInfer"] = answering.handle_stream(calls.model_infer)
    check = health.DESCRIPTOR.services_by_name["Health"]
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(inference.full_name, handlers),
            grpc.method_handlers_generic_handler(
                check.full_name, {"Check": answering.handle(check.methods_by_name["Check"], calls.check_health)}
            ),
        )
    )
    return server


class _Answering:
    """Makes handlers of calls. max_pending_bytes: of the messages of all calls that are under way."""

    def __init__(self, max_pending_bytes: int) -> None:
        self._max_pending_bytes = max_pending_bytes
        self._pending_bytes = 0

    def handle(self, method: Any, call: Call) -> grpc.RpcMethodHandler:
        """A handler of one message and one answer. method: its descriptor."""

        async def answer(request: Message, context: grpc.aio.ServicerContext) -> Message:
            caller = _read_caller(context)
            trailing = [("x-request-id", caller.headers["x-request-id"])]
            context.set_trailing_metadata(tuple(trailing))
            try:
                return await self._answer(call, request, caller)
            except CallError as error:
                await context.abort(error.code, error.details, (*trailing, *error.trailing_metadata))
                raise  # abort does; this is for the type checker

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )

    def handle_stream(self, call: Call) -> grpc.RpcMethodHandler:
        """A handler of `ModelStreamInfer`: one request after the other; one that fails does not end the stream."""

        async def answer(
            requests: AsyncIterator[Message], context: grpc.aio.ServicerContext
        ) -> AsyncIterator[messages.ModelStreamInferResponse]:
            async for request in requests:
                try:
                    response = await self._answer(call, request, _read_caller(context))
                except CallError as error:
                    yield messages.ModelStreamInferResponse(error_message=error.details)
                else:
                    yield messages.ModelStreamInferResponse(infer_response=response)

        return grpc.stream_stream_rpc_method_handler(
            answer,
            request_deserializer=messages.ModelInferRequest.FromString,
            response_serializer=messages.ModelStreamInferResponse.SerializeToString,
        )

    async def _answer(self, call: Call, request: Message, caller: Caller) -> Message:
        size = request.ByteSize()
        self._pending_bytes += size
        try:
            if self._pending_bytes > self._max_pending_bytes:
                raise CallError(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    "The gRPC server holds all the messages that it can. Try again in 1 s.",
                    retry_after_s=_FULL_RETRY_AFTER_S,
                )
            return await call(request, caller)
        except CallError:
            raise
        except TimeoutError:
            raise CallError(
                grpc.StatusCode.DEADLINE_EXCEEDED, "The service did not answer in time. Try again later."
            ) from None
        except Exception:
            log.exception("unforeseen error in request %s", caller.headers["x-request-id"])
            raise CallError(
                grpc.StatusCode.INTERNAL,
                "The gRPC server made a mistake. Its log has the cause under this x-request-id.",
            ) from None
        finally:
            self._pending_bytes -= size


def _read_caller(context: grpc.aio.ServicerContext) -> Caller:
    sent = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
    headers = {key: sent[key] for key in _FORWARDED if key in sent}
    sent_id = sent.get("x-request-id", "")
    headers["x-request-id"] = sent_id if _REQUEST_ID.fullmatch(sent_id) else uuid.uuid4().hex
    return Caller(headers, context.time_remaining())
