"""From the client's errors to words and to whether the page tries again."""

import pytest

from argus_client import ProblemError, ServiceUnreachable
from argus_client.errors import PROBLEMS
from reflex_frontend import texts
from reflex_frontend.failures import Wait, explain


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


def test_the_words_are_kind_and_plain() -> None:
    """No exclamation marks and no emoji anywhere on the page."""
    words = [value for name, value in vars(texts).items() if name.isupper() and isinstance(value, str)]
    assert len(words) > 50
    assert not [text for text in words if "!" in text]
    assert not [text for text in words if any(ord(letter) > 0x2FFF for letter in text)]
