"""What can be asked of the server and its models."""

import re

from serve_app.meters import Meters
from serve_app.open_inference.documents import (
    describe_config,
    describe_index,
    describe_metadata,
    describe_server,
    describe_statistics,
)
from serve_app.open_inference.views import find_view, list_views
from tests.fakes import ColorRuntime, make_repository


def test_the_server_says_what_it_can_do() -> None:
    """A name, a version and the extensions, by the protocol's names for them."""
    server = describe_server()
    assert server["name"] == "argus"
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", server["version"])
    assert {"binary_tensor_data", "classification", "model_configuration", "statistics"} == set(server["extensions"])


def test_metadata_and_configuration_agree() -> None:
    """The same tensors; the configuration leaves out the dimension of the images, which is its batch size."""
    for view in list_views(make_repository()):
        metadata, config = describe_metadata(view), describe_config(view, max_images=32)
        assert config["max_batch_size"] == 32
        assert metadata["name"] == config["name"] == view.name
        for described, configured in (("inputs", "input"), ("outputs", "output")):
            (tensor,), (entry,) = metadata[described], config[configured]
            assert tensor["name"] == entry["name"]
            assert tensor["shape"] == [-1, *entry["dims"]]


def test_the_tensor_view_says_how_its_numbers_are_made() -> None:
    """Shape and order for programs, the normalisation for people."""
    view = find_view(make_repository(), "colors_tensor")
    config = describe_config(view, max_images=32)
    assert config["input"] == [
        {"name": "input", "data_type": "TYPE_FP32", "format": "FORMAT_NCHW", "dims": [3, 28, 28]}
    ]
    assert config["parameters"]["values"] == {"string_value": "(x / 255 - mean) / std, RGB"}
    assert config["parameters"]["std"] == {"string_value": "1.0, 1.0, 1.0"}


def test_a_model_whose_name_looks_like_a_view_is_itself() -> None:
    """A served model's own name comes first."""
    repository = make_repository(colors=ColorRuntime(), colors_tensor=ColorRuntime())
    names = [view.name for view in list_views(repository)]
    assert names == ["colors", "colors_tensor", "colors_tensor_tensor"]
    assert not find_view(repository, "colors_tensor").takes_tensor


def test_the_index_tells_what_is_ready() -> None:
    """Until the service stops."""
    repository = make_repository()
    assert [entry["state"] for entry in describe_index(list_views(repository))] == ["READY", "READY"]
    repository.close()
    assert [entry["state"] for entry in describe_index(list_views(repository))] == ["UNAVAILABLE", "UNAVAILABLE"]


def test_statistics_are_whole_before_anything_was_asked() -> None:
    """Every figure is there, and 0."""
    (entry,) = describe_statistics([find_view(make_repository(), "colors")], Meters().take({}))["model_stats"]
    assert (entry["name"], entry["version"]) == ("colors", "1")
    assert (entry["inference_count"], entry["execution_count"]) == (0, 0)
    stages = {"success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss"}
    assert entry["inference_stats"] == {stage: {"count": 0, "ns": 0} for stage in stages}
