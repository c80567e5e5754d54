"""Numbers as the page writes them."""

import pytest

from reflex_frontend import figures


@pytest.mark.parametrize(
    ("score", "text"), [(0.6121, "61.2 %"), (1.0, "100.0 %"), (0.001, "0.1 %"), (0.0004, "< 0.1 %"), (0.0, "0.0 %")]
)
def test_a_score_is_a_percentage_that_never_rounds_to_nothing(score: float, text: str) -> None:
    """One decimal; what is there but tiny says so."""
    assert figures.percent(score).replace(figures.NO_BREAK, " ") == text


@pytest.mark.parametrize(
    ("ms", "text"), [(0.1, "0.1 ms"), (9.94, "9.9 ms"), (9.96, "10 ms"), (61.7, "62 ms"), (1234.0, "1.2 s")]
)
def test_a_duration_has_as_many_digits_as_it_deserves(ms: float, text: str) -> None:
    """Tenths only where they mean something."""
    assert figures.milliseconds(ms).replace(figures.NO_BREAK, " ") == text


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 kB"), (12, "1 kB"), (34_306, "34 kB"), (14_000_000, "14.0 MB")]
)
def test_a_size_reads_as_in_a_file_manager(size_bytes: int, text: str) -> None:
    """Decimal units."""
    assert figures.size(size_bytes).replace(figures.NO_BREAK, " ") == text


def test_a_limit_is_never_promised_too_high() -> None:
    """10 MiB is 10.49 MB; the page says 10."""
    assert figures.limit(10 * 1024 * 1024).startswith("10")
