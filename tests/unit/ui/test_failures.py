"""From the client's errors to words and to whether the page tries again."""

import pytest

from argus_client import ProblemError, ServiceUnreachable
from argus_client.errors import PROBLEMS
from reflex_frontend import texts
from reflex_frontend.failures import Wait, explain, explain_refusal
from reflex_frontend.figures import NO_BREAK
from reflex_frontend.photos import Photo


def problem(code: str, retry_after_s: float | None = None) -> ProblemError:
    kind = PROBLEMS.get(code, ProblemError)
    return kind(status=400, code=code, title="T", detail="D", request_id="r-1", retry_after_s=retry_after_s)


@pytest.mark.parametrize("code", [*PROBLEMS, "a_code_of_a_later_version"])
def test_every_code_has_words_and_keeps_its_request_id(code: str) -> None:
    """Nothing the service can say leaves the page without an answer."""
    verdict = explain(problem(code))
    assert verdict.final.title
    assert verdict.final.detail
    assert (verdict.final.code, verdict.final.request_id) == (code, "r-1")


@pytest.mark.parametrize("code", ["overloaded", "rate_limited"])
def test_a_full_service_is_asked_again_when_it_said(code: str) -> None:
    """Not earlier than its Retry-After, and not at once when it gave none."""
    assert explain(problem(code, 7.0)).wait is Wait.TIME
    assert explain(problem(code, 7.0)).pause_s == 7.0
    assert explain(problem(code)).pause_s >= 1.0


@pytest.mark.parametrize("error", [ServiceUnreachable("gone"), problem("not_ready", 2.0)])
def test_a_service_that_is_not_there_is_waited_for(error: ServiceUnreachable | ProblemError) -> None:
    """Its health says when it is back."""
    assert explain(error).wait is Wait.READINESS


@pytest.mark.parametrize(
    "code", ["payload_too_large", "unsupported_media_type", "undecodable_image", "image_too_large", "malformed_request"]
)
def test_a_photo_that_fails_again_unchanged_offers_no_retry(code: str) -> None:
    """Another photo is the way on."""
    verdict = explain(problem(code))
    assert verdict.wait is Wait.NOTHING
    assert not verdict.final.can_retry


def test_a_photo_over_the_limit_is_told_its_size_and_the_limit() -> None:
    """Both as figures; sending it again would not help."""
    trouble = explain_refusal(Photo(size_bytes=14_000_000, refusal="too_large"), 10_000_000)
    assert trouble is not None
    assert trouble.title == texts.FAIL_TOO_LARGE
    assert f"14.0{NO_BREAK}MB" in trouble.detail
    assert f"10{NO_BREAK}MB" in trouble.detail
    assert not trouble.can_retry


@pytest.mark.parametrize(
    ("refusal", "title", "can_retry"),
    [("not_image", texts.FAIL_NOT_IMAGE, False), ("stopped", texts.FAIL_STOPPED, True)],
)
def test_what_the_browser_did_not_send_has_words(refusal: str, title: str, can_retry: bool) -> None:
    """Only what was stopped can be sent again."""
    trouble = explain_refusal(Photo(refusal=refusal), 10_000_000)
    assert trouble is not None
    assert (trouble.title, trouble.can_retry) == (title, can_retry)
    assert trouble.detail


@pytest.mark.parametrize("refusal", ["", "a refusal of a later script"])
def test_a_photo_that_the_browser_sent_keeps_its_own_trouble(refusal: str) -> None:
    """There are no words for a refusal that was none."""
    assert explain_refusal(Photo(refusal=refusal), 10_000_000) is None


def test_the_words_are_kind_and_plain() -> None:
    """No exclamation marks and no emoji anywhere on the page."""
    words = [value for name, value in vars(texts).items() if name.isupper() and isinstance(value, str)]
    assert len(words) > 50
    assert not [text for text in words if "!" in text]
    assert not [text for text in words if any(ord(letter) > 0x2FFF for letter in text)]
