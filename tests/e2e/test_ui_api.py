"""The API page in a real browser: code for this deployment, a request that is really sent, and what the tables say."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import ROOT, running_ui
from tests.e2e.conftest import QUICK_PROBES, Opened, open_page
from tests.e2e.fake_service import LABELS, MODEL, FakeService

pytestmark = pytest.mark.timeout(300)

SEND = "Send the request"


@pytest.fixture
def page(opened: Opened) -> Page:
    """The API page of the healthy stand-in service."""
    opened.page.get_by_role("link", name="API", exact=True).click()
    opened.page.wait_for_selector(".api")
    return opened.page


def sample(page: Page) -> Locator:
    return page.locator("#sample .code")


def choose_task(page: Page, name: str) -> None:
    page.locator(".rail-choice", has_text=name).click()


def test_the_samples_have_the_deployments_own_address(page: Page, service: FakeService) -> None:
    """Ready to copy: nothing to fill in but the photo."""
    expect(sample(page)).to_contain_text(f"{service.url}/v1/classify?top_k=5")
    expect(page.locator(".url")).to_have_text(f"{service.url}/v1/classify?top_k=5")
    page.get_by_role("tab", name="Python, argus_client").click()
    expect(sample(page)).to_contain_text(f'ArgusClient("{service.url}")')
    expect(page.locator(".desk-note")).to_contain_text("pip install .")


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("One photo", "--data-binary @photo.jpg"),
        ("Several photos", "-F file=@first.jpg -F file=@second.jpg"),
        ("Base64 in JSON", "base64 < photo.jpg"),
        ("Busy and errors", "--retry 5"),
    ],
)
def test_each_task_has_its_sample(page: Page, task: str, words: str) -> None:
    """One photo, several, base64, and what to do when the service is busy."""
    choose_task(page, task)
    expect(sample(page)).to_contain_text(words)


@pytest.mark.parametrize(
    ("client", "words"),
    [
        ("Hugging Face", 'InferenceClient(model="{url}/huggingface")'),
        ("TorchServe", "curl {url}/predictions/{model} -T photo.jpg"),
        ("Triton", 'client.infer("{model}", [image]'),
    ],
)
def test_clients_of_other_protocols_have_samples(page: Page, service: FakeService, client: str, words: str) -> None:
    """With the service's own address, and its default model's name where the protocol needs one."""
    page.get_by_role("tab", name=client).click()
    expect(sample(page)).to_contain_text(words.format(url=service.url, model=MODEL["name"]))


def test_the_sample_is_copied_as_it_stands(page: Page) -> None:
    """With its line ends and its indentation."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("tab", name="Python, httpx").click()
    expect(sample(page)).to_contain_text("import httpx")
    copy = page.get_by_role("button", name="Copy this sample")
    copy.click()
    expect(copy).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == sample(page).text_content()
    compile(copied, "sample", "exec")


def test_the_tabs_work_with_the_keyboard(page: Page) -> None:
    """Arrows, Home and End move and choose; only the chosen tab is a stop for Tab."""
    curl, last = page.get_by_role("tab", name="curl"), page.get_by_role("tab", name="Triton")
    curl.focus()
    page.keyboard.press("ArrowLeft")
    expect(last).to_be_focused()
    expect(last).to_have_attribute("aria-selected", "true")
    expect(sample(page)).to_contain_text("tritonclient")
    page.keyboard.press("Home")
    expect(curl).to_be_focused()
    expect(sample(page)).to_contain_text("curl")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Python, argus_client")).to_be_focused()
    expect(page.locator('[role=tab][tabindex="0"]')).to_have_count(1)
    expect(page.get_by_role("tabpanel", name="Python, argus_client")).to_be_visible()


def test_the_language_is_remembered(page: Page) -> None:
    """In this browser, after a reload."""
    page.get_by_role("tab", name="JavaScript").click()
    expect(sample(page)).to_contain_text("await fetch(")
    page.reload()
    expect(page.get_by_role("tab", name="JavaScript")).to_have_attribute("aria-selected", "true")
    expect(sample(page)).to_contain_text("await fetch(")


def test_another_model_and_number_change_the_samples_and_the_request(
    browser: Browser, ui_url: str, service: FakeService
) -> None:
    """The choice appears where there is one; the default model goes without its name."""
    service.behaviour.two_models = True
    # The process asks for models when the service becomes ready.
    service.stop()
    page = open_page(browser, f"{ui_url}/api").page
    page.wait_for_selector('.health[data-state="unreachable"]')
    service.start()
    model = page.get_by_role("combobox", name="Model")
    model.select_option("resnet50")
    page.click('label:has(input[name="api_top_k"][value="3"])')
    expect(sample(page)).to_contain_text("/v1/models/resnet50/classify?top_k=3")
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".wire-answer .code")).to_contain_text('"resnet50"')
    assert service.behaviour.seen[-1]["path"] == "/v1/models/resnet50/classify?top_k=3"
    model.select_option(str(MODEL["name"]))
    expect(sample(page)).to_contain_text("/v1/classify?top_k=3")
    page.context.close()


def test_try_it_sends_the_photo_and_shows_the_real_response(page: Page, service: FakeService) -> None:
    """The bytes of the example, the status, the headers that matter, the body as it came."""
    page.click(".photo-choice:has(input[value=coffee])")
    expect(page.locator(".wire-fact")).to_contain_text("coffee.jpg")
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".status")).to_have_text("200 OK")
    headers = page.locator(".headers")
    expect(headers).to_contain_text("application/json")
    expect(headers).to_contain_text("decode;dur=2.40")
    expect(headers).to_contain_text("req-0001-7c1e")
    body = page.locator(".wire-answer .code").text_content()
    assert body is not None
    answer = json.loads(body)
    assert answer["request_id"] == "req-0001-7c1e"
    assert [one["label"] for one in answer["results"][0]["predictions"]] == [label for label, _ in LABELS[:5]]
    (seen,) = service.behaviour.seen
    assert seen["bytes"] == (ROOT / "assets" / "examples" / "coffee.jpg").stat().st_size
    assert seen["type"] == "image/jpeg"
    expect(page.locator(".try [role=status]")).to_contain_text("200 OK in")


def test_try_it_shows_a_refusal_as_the_service_sends_it(page: Page, service: FakeService) -> None:
    """Status, Retry-After and the problem document; nothing is repeated behind the page's back."""
    service.behaviour.problems = [(429, "overloaded", 7)]
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".status")).to_contain_text("429")
    expect(page.locator(".headers")).to_contain_text("Retry-After")
    expect(page.locator(".wire-answer .code")).to_contain_text('"code": "overloaded"')
    assert len(service.behaviour.seen) == 1
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".status")).to_have_text("200 OK")


def test_try_it_is_sent_once_however_often_it_is_pressed(page: Page, service: FakeService) -> None:
    """While an answer is awaited, the button says so."""
    service.behaviour.hold = True
    page.get_by_role("button", name=SEND).click()
    waiting = page.get_by_role("button", name="Waiting for the answer")
    expect(waiting).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    # Events are handled in order: when this one is, so are those before it.
    page.click(".photo-choice:has(input[value=rocket])")
    expect(page.locator(".wire-fact")).to_contain_text("rocket.jpg")
    service.behaviour.released.set()
    expect(page.locator(".status")).to_have_text("200 OK")
    assert len(service.behaviour.seen) == 1


def test_without_a_service_the_page_stays_and_the_try_says_what_is_wrong(page: Page, service: FakeService) -> None:
    """Samples and tables need no service; the next try works when it is back."""
    service.stop()
    page.wait_for_selector('.health[data-state="unreachable"]')
    expect(sample(page)).to_contain_text("/v1/classify")
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".wire-failure")).to_contain_text("Nothing answers")
    service.start()
    page.wait_for_selector('.health[data-state="ready"]')
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".status")).to_have_text("200 OK")


def test_people_see_the_public_address_and_the_server_uses_its_own(browser: Browser, service: FakeService) -> None:
    """Behind a proxy, the two differ."""
    public = {"ARGUS_UI_PUBLIC_SERVICE_URL": "https://argus.example/vision/"}
    with running_ui(service.url, {**QUICK_PROBES, **public}) as address:
        page = open_page(browser, f"{address}/api").page
        expect(sample(page)).to_contain_text("'https://argus.example/vision/v1/classify?top_k=5'")
        for name, path in (("Reference", "docs"), ("OpenAPI", "openapi.json")):
            expect(page.get_by_role("link", name=name)).to_have_attribute(
                "href", f"https://argus.example/vision/{path}"
            )
        page.get_by_role("button", name=SEND).click()
        expect(page.locator(".status")).to_have_text("200 OK")
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_after_a_try(browser: Browser, ui_url: str, service: FakeService, scheme: str) -> None:
    """An answer and a refusal, every language."""
    page = open_page(browser, f"{ui_url}/api", scheme=scheme).page
    page.emulate_media(reduced_motion="reduce")
    service.behaviour.problems = [(422, "undecodable_image", None)]
    for status, language in (("422", "JavaScript"), ("200", "Python, httpx")):
        page.get_by_role("tab", name=language).click()
        page.get_by_role("button", name=SEND).click()
        expect(page.locator(".status")).to_contain_text(status)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.context.close()
