"""Everything an operator can set, as one frozen, validated model.

Values come from `args` in serve_config.yaml, and from nowhere else; nothing here reads the environment or the disk.
Units are part of the names. Unknown keys are refused, so that a typing error is found at start and not in production.
"""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ModelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]

# YAML reads a bare `off` as false.
RequestLog = Annotated[
    Literal["off", "errors", "all"], BeforeValidator(lambda value: "off" if value is False else value)
]
# A host name or an IP address as urls have it, without brackets; with *. before it, every name below it.
HostPattern = Annotated[str, StringConstraints(to_lower=True, pattern=r"^(\*\.)?[A-Za-z0-9:][A-Za-z0-9._:-]*$")]
Port = Annotated[int, Field(ge=1, le=65535)]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+\S*$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ModelSettings(_Section):
    """A model to serve."""

    weights: str = Field(
        default="efficientnet_lite0",
        description="Catalog name, or name:WEIGHTS, such as resnet50 or resnet50:IMAGENET1K_V2.",
    )
    name: ModelName | None = Field(default=None, description="Name in the API; the catalog name where it is not set.")
    runtime: Literal["auto", "openvino", "torch"] = Field(
        default="auto", description="auto: torch where CUDA is there, openvino elsewhere."
    )
    precision: Literal["auto", "bf16", "fp32", "int8"] = Field(
        default="auto",
        description="auto: bf16 where the processor is faster in it, fp32 elsewhere. int8: OpenVINO only, calibrated.",
    )
    calibration_images: Path | None = Field(
        default=None,
        description="Folder of photos like those served, for int8 only; relative to where the service is started.",
    )
    min_agreement: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="int8 is refused when it gives the fp32 model's top-1 for a smaller share of photos than this.",
    )

    @property
    def api_name(self) -> str:
        """The name that requests use."""
        return self.name or self.weights.partition(":")[0]

    @model_validator(mode="after")
    def _check_int8(self) -> "ModelSettings":
        if self.precision == "int8" and self.calibration_images is None:
            raise ValueError("precision: int8 needs calibration_images, a folder of photos like those that are served")
        if self.precision != "int8" and self.calibration_images is not None:
            raise ValueError(f"calibration_images is for precision: int8, not for {self.precision}")
        if self.precision == "int8" and self.runtime == "torch":
            raise ValueError("precision: int8 runs on OpenVINO alone; set runtime: openvino")
        return self


class InferenceSettings(_Section):
    """How one replica spends its processor cores."""

    num_threads: int = Field(default=1, ge=1, le=256, description="Threads of the model runtime, in each replica.")
    idle_threads: int = Field(
        default=1,
        ge=0,
        le=256,
        description="Further threads of the model, in each replica, that run only on cores with nothing else to do: "
        "what comes alone is answered sooner. On Linux, with OpenVINO; none elsewhere, or where there are no more "
        "cores.",
    )
    decode_threads: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Threads that decode images, in each replica; 0: the model's thread decodes, which suits a CPU.",
    )
    max_batch_size: int = Field(
        default=8,
        ge=1,
        le=1024,
        description="Most images that the model takes at a time, of those that wait. 8 suits a CPU, which runs them "
        "one after another but is interrupted less often; 64 a GPU.",
    )
    share_work: bool = Field(
        default=True,
        description="Whether replicas of one node share what waits: who has nothing to do, or only newer images, takes "
        "another's oldest, so that a request of many images is spread over the node's cores. On Linux, fused, where a "
        "model runs images one after another; elsewhere each replica keeps to its own.",
    )


class LimitSettings(_Section):
    """What a request may bring."""

    max_image_bytes: int = Field(default=10 * 2**20, ge=1024, description="Largest image file, in bytes.")
    max_request_bytes: int = Field(default=64 * 2**20, ge=1024, description="Largest request body, in bytes.")
    max_images: int = Field(default=32, ge=1, le=1024, description="Most images in one request.")
    max_image_pixels: int = Field(default=50_000_000, ge=1, description="Most pixels in an image, width x height.")


class OverloadSettings(_Section):
    """When the service says no."""

    deadline_s: float = Field(
        default=10.0, gt=0, le=600, description="A request that cannot be answered within this many seconds is refused."
    )
    max_pending_images: int = Field(
        default=256, ge=1, description="Most images that one replica has accepted and not yet answered."
    )
    max_pending_bytes: int = Field(
        default=256 * 2**20, ge=1024, description="Most bytes of uploads that one replica holds at a time."
    )


class ApiKey(_Section):
    """A client that may use the service."""

    client: str = Field(min_length=1, description="Whose key it is; shown in logs.")
    sha256: Sha256Hex = Field(description="SHA-256 of the key, in hex; the key itself is written nowhere.")
    models: tuple[str, ...] | None = Field(default=None, description="Models it may use; all where it is not set.")


class AccessSettings(_Section):
    """Who may ask, and how often."""

    api_keys: tuple[ApiKey, ...] = Field(default=(), description="Where it is empty, no key is asked for.")
    requests_per_s: float | None = Field(
        default=None,
        gt=0,
        description="Sustained rate of one client (key or address) at one replica; no limit if unset.",
    )
    burst: int = Field(default=20, ge=1, description="Requests a client may send at once before the rate counts.")


class ObservabilitySettings(_Section):
    """What is told of single requests, beside what is counted of all: see docs/logs-and-traces.md."""

    request_log: RequestLog = Field(
        default="errors",
        description="A line of JSON for each request that the service failed (5xx), or for all classify requests. "
        "An error that nobody foresaw has its line even when this is off.",
    )
    log_to: Literal["file", "stderr"] = Field(
        default="file", description="file: one for each replica, in log_folder. stderr: what Ray makes of a replica's."
    )
    log_folder: Path | None = Field(
        default=None, description="Where the files are; where it is not set, beside the logs of Ray Serve."
    )
    log_max_bytes: int = Field(
        default=64 * 2**20, ge=1024, description="A file that is so large is set aside, in place of the one before it."
    )
    otlp_endpoint: HttpUrl | None = Field(
        default=None,
        description="Where traces go, by OTLP over HTTP, such as http://127.0.0.1:4318. Unset: there are none.",
    )
    sample_ratio: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of classify requests that are traced, where the client has not decided by a traceparent.",
    )


class RemoteImageSettings(_Section):
    """Images that requests name by address, {"url": "https://..."}: see docs/remote-images.md."""

    enabled: bool = Field(
        default=False, description="Whether the service fetches images. It then connects to hosts that clients choose."
    )
    allow_http: bool = Field(default=False, description="Whether http:// is fetched as well as https://.")
    allowed_hosts: tuple[HostPattern, ...] = Field(
        default=(),
        description="The only hosts that are fetched from, such as images.example.com, or *.example.com for every name "
        "below it; any public host where it is empty.",
    )
    allowed_ports: tuple[Port, ...] = Field(default=(), description="Ports beside 443, and 80 where http is allowed.")
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), description="Networks that are fetched from although they are not public, such as 10.1.2.0/24."
    )
    refused_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), description="Networks that are never fetched from, such as your own public ones; these come first."
    )
    ca_file: Path | None = Field(
        default=None, description="Certificates, in PEM, of authorities that are trusted beside the public ones."
    )
    max_redirects: int = Field(default=3, ge=0, le=10, description="Most redirects of one image.")
    timeout_s: float = Field(
        default=5.0, gt=0, le=600, description="All images of a request are there within this many seconds, or failed."
    )
    max_concurrent: int = Field(
        default=16, ge=1, le=1024, description="Most images that one replica fetches at a time; the others wait."
    )
    max_pending_bytes: int = Field(
        default=128 * 2**20, ge=1024, description="Most bytes of fetched images that one replica holds at a time."
    )


class Settings(_Section):
    """The settings of one Argus application. The first model is the default one."""

    topology: Literal["fused", "split"] = Field(
        default="fused",
        description="fused: a replica decodes and runs the model; several may share a GPU. split: replicas of Ingress "
        "decode and send pixels to those of Inference_<model>, each scaled by itself; for decoding on other machines "
        "than those with a GPU. There decode_threads are the ingress's, at least one; the other inference settings are "
        "the model's.",
    )
    models: tuple[ModelSettings, ...] = Field(default=(ModelSettings(),), min_length=1)
    inference: InferenceSettings = InferenceSettings()
    limits: LimitSettings = LimitSettings()
    overload: OverloadSettings = OverloadSettings()
    access: AccessSettings = AccessSettings()
    observability: ObservabilitySettings = ObservabilitySettings()
    remote_images: RemoteImageSettings = RemoteImageSettings()
    spare_process: bool = Field(
        default=True,
        description="Whether each node keeps one process of 100 MB with its imports done, for the next replica, while "
        "there may be more of them: a replica is then there in half the time.",
    )
    artifacts_dir: Path | None = Field(
        default=None, description="Where exported models are kept; ARGUS_ARTIFACTS or the user's cache if unset."
    )

    @model_validator(mode="after")
    def _check_across_sections(self) -> "Settings":
        names = [model.api_name for model in self.models]
        if len(set(names)) != len(names):
            raise ValueError(
                f"two models have the same name: {', '.join(sorted(names))}; set `name` to tell them apart"
            )
        if self.limits.max_image_bytes > self.limits.max_request_bytes:
            raise ValueError("limits.max_image_bytes is above limits.max_request_bytes")
        if self.limits.max_images > self.overload.max_pending_images:
            raise ValueError(
                "limits.max_images is above overload.max_pending_images: such a request could never be served"
            )
        if self.limits.max_request_bytes > self.overload.max_pending_bytes:
            raise ValueError("limits.max_request_bytes is above overload.max_pending_bytes")
        if self.remote_images.enabled and self.remote_images.timeout_s >= self.overload.deadline_s:
            raise ValueError("remote_images.timeout_s is not below overload.deadline_s: nothing would be classified")
        if self.remote_images.enabled and self.limits.max_request_bytes > self.remote_images.max_pending_bytes:
            raise ValueError("limits.max_request_bytes is above remote_images.max_pending_bytes")
        for key in self.access.api_keys:
            unknown = sorted(set(key.models or ()) - set(names))
            if unknown:
                raise ValueError(f"the key of {key.client} names models that are not served: {', '.join(unknown)}")
        return self
