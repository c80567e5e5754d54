"""`argus models` and `argus labels`: as a table, as JSON, as lines for a pipe."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from serve_app.catalog import ModelListing
from serve_app.cli import catalog_listing
from serve_app.cli.exits import ExitCode
from serve_app.cli.listing import Column, Listing, make_table
from serve_app.cli.model_listing import list_served
from tests.e2e.fake_service import FakeService
from tests.unit.cli.conftest import Argus


def draw(listing: Listing, width: int) -> str:
    """The table as a terminal of that width shows it."""
    output = io.StringIO()
    Console(file=output, width=width).print(make_table(listing, width))
    return output.getvalue()


def remember(monkeypatch: pytest.MonkeyPatch, folder: Path, *models: ModelListing) -> None:
    """Let the catalog be known already, as after `argus models --catalog`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    catalog_listing._write(models)


def test_a_pipe_gets_a_line_for_each_model(argus: Argus, service: FakeService) -> None:
    """Tabs, no heading, no colour: what cut and grep expect."""
    service.behaviour.two_models = True
    lines = argus("models").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["efficientnet_lite0", "resnet50"]
    assert "\x1b" not in "".join(lines)


def test_json_has_all_that_the_service_says(argus: Argus) -> None:
    """The whole model, its accuracy included, for programs."""
    (model,) = json.loads(argus("models", "--json").stdout)["models"]
    assert model["name"] == "efficientnet_lite0"
    assert model["accuracy"]["top1"] == 0.75
    assert model["preprocessing"]["crop_size"] == 224


def test_the_table_fits_eighty_columns(service: FakeService) -> None:
    """Nothing is cut short there, and a wide terminal gets more columns."""
    listing = list_served(service.url, None, None)
    narrow, wide = draw(listing, 80), draw(listing, 160)
    assert "…" not in narrow
    assert max(map(len, narrow.splitlines())) <= 80
    assert "Version" not in narrow
    assert "9f3c1a7e42b0" in wide
    assert "75.0%" in narrow


def test_a_label_with_brackets_is_shown_as_it_is() -> None:
    """Words of a model are no markup."""
    assert "[red]cat[/red]" in draw(Listing((Column("Label"),), [("[red]cat[/red]",)], None), 80)


def test_models_are_chosen_by_a_part_of_the_name_or_a_pattern(argus: Argus, service: FakeService) -> None:
    """A text is looked for anywhere in the name; with a * the whole name has to fit."""
    service.behaviour.two_models = True
    assert argus("models", "RESNET").stdout.startswith("resnet50\t")
    assert argus("models", "efficient*").stdout.startswith("efficientnet_lite0\t")
    nothing = argus("models", "net?")
    assert nothing.exit_code == ExitCode.FAILED
    assert "It serves efficientnet_lite0, resnet50." in nothing.stderr


def test_a_catalog_that_is_known_is_listed_without_torch(
    argus: Argus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second question is answered from the file that the first one left."""
    remember(monkeypatch, tmp_path / "cache", ModelListing("one", ("A", "B")), ModelListing("two", ("C",)))
    assert argus("models", "--catalog").stdout == "one\tA, B\ntwo\tC\n"
    assert json.loads(argus("models", "--catalog", "tw", "--json").stdout) == {
        "models": [{"name": "two", "weights": ["C"]}]
    }
    assert argus("models", "--catalog", "three").exit_code == ExitCode.FAILED


def test_a_catalog_of_other_versions_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another torchvision has other models; a damaged file is as good as none."""
    remember(monkeypatch, tmp_path, ModelListing("one", ("A",)))
    path = tmp_path / "argus" / "catalog.json"
    document = json.loads(path.read_text())
    assert catalog_listing.read_known_models() == (ModelListing("one", ("A",)),)
    path.write_text(json.dumps({**document, "made_with": {"torchvision": "0"}}))
    assert catalog_listing.read_known_models()[0].name == "efficientnet_lite0"
    path.write_text("{")
    assert catalog_listing.read_known_models()[0].name == "efficientnet_lite0"


def test_labels_come_with_their_class_ids(argus: Argus) -> None:
    """Of the default model, in the order of the classes."""
    lines = argus("labels").stdout.splitlines()
    assert lines[:2] == ["0\ttabby", "1\ttiger cat"]
    assert len(lines) == 1000


def test_labels_are_found_by_a_part_or_by_class_id(argus: Argus) -> None:
    """Case does not matter; a number finds the class of that id, and labels with it."""
    assert argus("labels", "--search", "EGYPT").stdout == "2\tEgyptian cat\n"
    assert "3\tlynx" in argus("labels", "--search", "3").stdout.splitlines()
    document = json.loads(argus("labels", "--search", "tiger", "--json").stdout)
    assert document == {"model": "efficientnet_lite0", "labels": [{"class_id": 1, "label": "tiger cat"}]}


def test_a_search_that_finds_nothing_says_so(argus: Argus) -> None:
    """As grep does: exit code 1, and the reason on standard error."""
    result = argus("labels", "--search", "warthog")
    assert result.exit_code == ExitCode.FAILED
    assert "None of the 1000 labels of efficientnet_lite0 has 'warthog' in it." in result.stderr


def test_labels_of_a_model_that_is_not_served_are_refused(argus: Argus) -> None:
    """The service's own no, and its exit code."""
    assert argus("labels", "resnet51").exit_code == ExitCode.SERVICE
