"""What can be asked of the server and of its models: metadata, configuration, statistics; as plain JSON values."""

import importlib.metadata
from collections.abc import Sequence
from typing import Any

from serve_app.meters import Samples
from serve_app.open_inference.statistics import find_counts
from serve_app.open_inference.tensors import FP32
from serve_app.open_inference.views import SCORES, VERSION, View

EXTENSIONS = ("binary_tensor_data", "classification", "model_configuration", "statistics")
_CONFIG_TYPES = {"BYTES": "TYPE_STRING", "FP32": "TYPE_FP32"}


def describe_server() -> dict[str, Any]:
    """Its name, version and what it can do beyond the core of the protocol."""
    version = importlib.metadata.version("argus-classifier")
    return {"name": "argus", "version": version, "extensions": list(EXTENSIONS)}


def describe_metadata(view: View) -> dict[str, Any]:
    """Names, datatypes and shapes; -1 is the number of images."""
    card = view.model.card
    return {
        "name": view.name,
        "versions": [VERSION],
        "platform": card.runtime,
        "inputs": [{"name": view.input_name, "datatype": view.input_datatype, "shape": [-1, *view.input_dims]}],
        "outputs": [{"name": SCORES, "datatype": FP32, "shape": [-1, card.num_classes]}],
    }


def describe_config(view: View, *, max_images: int) -> dict[str, Any]:
    """The configuration in the form of Triton's. max_images: most in a request, which it calls the batch size."""
    card = view.model.card
    parameters = {"served_model": view.model.name, "artifact_version": card.version, "precision": card.precision}
    if view.takes_tensor:
        normalisation = card.preprocessing
        parameters["values"] = "(x / 255 - mean) / std, RGB"
        parameters |= {"mean": _join(normalisation.mean), "std": _join(normalisation.std)}
    return {
        "name": view.name,
        "platform": card.runtime,
        "backend": "argus",
        "version_policy": {"latest": {"num_versions": 1}},
        "max_batch_size": max_images,
        "input": [
            {
                "name": view.input_name,
                "data_type": _CONFIG_TYPES[view.input_datatype],
                "format": "FORMAT_NCHW" if view.takes_tensor else "FORMAT_NONE",
                "dims": list(view.input_dims),
            }
        ],
        "output": [
            {"name": SCORES, "data_type": "TYPE_FP32", "dims": [card.num_classes], "label_filename": "labels.txt"}
        ],
        "dynamic_batching": {},
        "model_transaction_policy": {"decoupled": False},
        "parameters": {name: {"string_value": text} for name, text in parameters.items()},
    }


def describe_statistics(views: Sequence[View], samples: Samples) -> dict[str, Any]:
    """What was counted of these views since the service started."""
    return {"model_stats": [_describe_counts(view, samples) for view in views]}


def describe_index(views: Sequence[View]) -> list[dict[str, Any]]:
    """What the repository holds."""
    return [
        {
            "name": view.name,
            "version": VERSION,
            "state": "READY" if view.ready else "UNAVAILABLE",
            "reason": "" if view.ready else "stopping",
        }
        for view in views
    ]


def _describe_counts(view: View, samples: Samples) -> dict[str, Any]:
    counts = find_counts(view.name, samples)
    requests = int(counts.succeeded)
    stages = {
        "success": (requests, counts.succeeded_ns),
        "fail": (int(counts.failed), counts.failed_ns),
        "queue": (requests, counts.queue_ns),
        "compute_input": (requests, counts.input_ns),
        "compute_infer": (requests, counts.infer_ns),
        "compute_output": (requests, counts.output_ns),
        "cache_hit": (0, 0),
        "cache_miss": (0, 0),
    }
    return {
        "name": view.name,
        "version": VERSION,
        "inference_count": int(counts.images),
        "execution_count": max(round(counts.executions), min(requests, 1)),
        "inference_stats": {stage: {"count": count, "ns": int(ns)} for stage, (count, ns) in stages.items()},
        "batch_stats": [],
    }


def _join(numbers: Sequence[float]) -> str:
    return ", ".join(str(number) for number in numbers)
