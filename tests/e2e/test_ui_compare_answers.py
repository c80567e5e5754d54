"""The compare page in a real browser: what both sides say, and a side that fails."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.comparing import EXAMPLES, choose, choose_mode, slot, verdict
from tests.e2e.fake_service import LABELS, SECOND_LABELS, FakeService

pytestmark = pytest.mark.timeout(300)

NO_BREAK = "\N{NO-BREAK SPACE}"


def paths(service: FakeService) -> list[str]:
    return [seen["path"].split("?")[0] for seen in service.behaviour.seen]


def say_by_photo(service: FakeService) -> None:
    """Tabby for the cat, lynx for everything else."""
    cat = (EXAMPLES / "cat.jpg").read_bytes()
    service.behaviour.labels = lambda image: LABELS if image == cat else SECOND_LABELS


def test_one_photo_is_read_by_two_models_side_by_side(compare: Page, models: FakeService) -> None:
    """Each model is asked once; labels of both, on one scale, with the difference."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    expect(compare.locator(".verdict-shared")).to_have_text("4 of the first 5 labels are on both sides.")
    rows = compare.locator(".duel-rows li")
    expect(rows).to_have_count(6)
    expect(rows.nth(0)).to_contain_text(
        f"tabby: left 61.2{NO_BREAK}%, right 20.1{NO_BREAK}%, 41.1 points more on the left"
    )
    expect(rows.nth(4)).to_contain_text("cougar: right 1.2")
    expect(rows.nth(4)).to_contain_text("only on the right")
    names = ("efficientnet_lite0", "resnet50")
    assert sorted(paths(models)) == sorted(f"/v1/models/{name}/classify" for name in names)


def test_the_bars_of_both_sides_have_one_scale(compare: Page) -> None:
    """A score is as long on the left as on the right."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_be_visible()
    compare.emulate_media(reduced_motion="reduce")
    widths = compare.locator(".duel-rows li").nth(0).locator(".duel-bar > span")
    left, right = (bar.evaluate("bar => bar.getBoundingClientRect().width") for bar in widths.all())
    assert left / right == pytest.approx(0.6121 / 0.2014, rel=0.02)


def test_two_photos_are_read_by_one_model(compare: Page, models: FakeService) -> None:
    """The same model for both; the photos are named."""
    say_by_photo(models)
    choose_mode(compare, "photos")
    choose(compare, "left", "cat.jpg")
    choose(compare, "right", "coffee.jpg")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    expect(compare.locator(".duel-name")).to_have_text(["cat.jpg", "coffee.jpg"])
    assert set(paths(models)) == {"/v1/models/efficientnet_lite0/classify"}


def test_two_photos_that_look_alike_agree(compare: Page) -> None:
    """Said in one line."""
    choose_mode(compare, "photos")
    choose(compare, "left", "cat.jpg")
    choose(compare, "right", "rocket.jpg")
    expect(verdict(compare)).to_have_text("Both say tabby")


def test_another_model_is_asked_with_the_photo_that_is_there(compare: Page, models: FakeService) -> None:
    """Choosing the other side's model changes the places; what was answered is not asked again."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    compare.get_by_label("Left model").select_option("resnet50")
    expect(verdict(compare)).to_have_text("They differ: lynx against tabby")
    expect(compare.get_by_label("Right model")).to_have_value("efficientnet_lite0")
    assert len(paths(models)) == 2


def test_the_other_mode_keeps_the_photo_and_what_was_answered(compare: Page, models: FakeService) -> None:
    """From two models to two photos and back."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_be_visible()
    choose_mode(compare, "photos")
    expect(slot(compare, "left").locator("img")).to_be_visible()
    expect(slot(compare, "right").get_by_role("button", name="Choose a photo")).to_be_visible()
    choose_mode(compare, "models")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    assert len(paths(models)) == 2


def test_a_side_that_fails_says_why_and_can_be_tried_again_alone(compare: Page, models: FakeService) -> None:
    """The other side's answer stands meanwhile."""
    models.behaviour.second_problems = [(500, "internal", None)]
    choose(compare, "left", "cat.jpg")
    right = compare.locator('.duel-head[data-side="right"]')
    expect(right).to_contain_text("The service made a mistake")
    expect(right).to_contain_text("req-problem-51d0")
    expect(compare.locator(".duel-rows li").first).to_contain_text("tabby: left 61.2")
    expect(verdict(compare)).to_have_count(0)
    asked = len(models.behaviour.seen)
    right.get_by_role("button", name="Try again").click()
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    assert len(models.behaviour.seen) == asked + 1


def test_a_side_that_waits_shows_the_countdown_and_goes_on_by_itself(compare: Page, models: FakeService) -> None:
    """As busy as the service says."""
    models.behaviour.second_problems = [(429, "overloaded", 2)]
    choose(compare, "left", "cat.jpg")
    right = compare.locator('.duel-head[data-side="right"]')
    expect(right).to_contain_text("The service is busy")
    expect(right.locator("[data-until]")).to_contain_text("s")
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")


def test_a_file_that_is_no_photo_is_refused_without_a_request(compare: Page, models: FakeService) -> None:
    """With words for both sides, since both would get it."""
    file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not a photo"}
    slot(compare, "left").locator("input").set_input_files(file)
    expect(compare.locator(".side-title")).to_have_text(["This is not a photo"] * 2)
    assert not models.behaviour.seen


def test_a_photo_in_a_format_that_the_browser_cannot_draw_shows_the_servers_preview(compare: Page) -> None:
    """A TIFF, for one."""
    tiff = {"name": "scan.tiff", "mimeType": "image/tiff", "buffer": _make_tiff()}
    slot(compare, "left").locator("input").set_input_files(tiff)
    expect(slot(compare, "left").locator("img")).to_have_attribute("src", re.compile("^data:image/jpeg"))
    expect(slot(compare, "left").locator("img")).to_be_visible()


def test_what_was_compared_is_in_the_history(compare: Page) -> None:
    """An entry for each answer."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_be_visible()
    compare.get_by_role("link", name="History").click()
    expect(compare.locator(".history-days .entry")).to_have_count(2)
    expect(compare.locator(".history-days")).to_contain_text("resnet50")


def test_the_comparison_is_still_there_after_a_look_at_another_page(compare: Page, models: FakeService) -> None:
    """And nothing is asked again."""
    choose(compare, "left", "cat.jpg")
    expect(verdict(compare)).to_be_visible()
    compare.get_by_role("link", name="History").click()
    expect(compare.locator(".history-days .entry")).to_have_count(2)
    compare.get_by_role("link", name="Compare").click()
    expect(verdict(compare)).to_have_text("They differ: tabby against lynx")
    expect(slot(compare, "left").locator("img")).to_be_visible()
    assert len(paths(models)) == 2


def test_the_result_is_announced_to_a_screen_reader(compare: Page, models: FakeService) -> None:
    """Trouble as it comes, then the verdict."""
    models.behaviour.second_problems = [(429, "overloaded", 2)]
    choose(compare, "left", "cat.jpg")
    said = compare.locator(".duel [role=status]")
    expect(said).to_contain_text("right: The service is busy.")
    expect(said).to_have_text("They differ: tabby against lynx")


def _make_tiff() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 24), "teal").save(out, "TIFF")
    return out.getvalue()
