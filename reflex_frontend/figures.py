"""Numbers as text: units always, and as many digits as they deserve."""

NO_BREAK = "\N{NO-BREAK SPACE}"


def percent(score: float) -> str:
    """A score of 0 to 1 as a percentage with one decimal; what rounds to nothing is "< 0.1 %"."""
    if 0 < score < 0.001:
        return f"<{NO_BREAK}0.1{NO_BREAK}%"
    return f"{score * 100:.1f}{NO_BREAK}%"


def milliseconds(ms: float) -> str:
    """A duration: tenths below 10 ms, whole milliseconds below 1 s, then seconds."""
    if ms >= 1000:
        return f"{ms / 1000:.1f}{NO_BREAK}s"
    return f"{ms:.1f}{NO_BREAK}ms" if ms < 9.95 else f"{ms:.0f}{NO_BREAK}ms"


def size(size_bytes: int) -> str:
    """A file size in decimal units, as file managers show it."""
    if size_bytes >= 1_000_000:
        return f"{size_bytes / 1_000_000:.1f}{NO_BREAK}MB"
    return f"{max(1, round(size_bytes / 1000))}{NO_BREAK}kB" if size_bytes else f"0{NO_BREAK}kB"


def limit(size_bytes: int) -> str:
    """An upload limit, rounded down so that it is never promised too high."""
    return f"{size_bytes // 1_000_000}{NO_BREAK}MB" if size_bytes >= 1_000_000 else f"{size_bytes // 1000}{NO_BREAK}kB"


def rate(per_s: float) -> str:
    """Things a second: tenths below 10."""
    return f"{per_s:.1f}" if per_s < 9.95 else f"{per_s:.0f}"


def count(number: float) -> str:
    """A whole number with commas between thousands."""
    return f"{number:,.0f}"


def duration(seconds: float) -> str:
    """A span of time by the two largest units that it fills."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if not minutes:
        parts = [(seconds, "s")]
    elif not hours:
        parts = [(minutes, "min"), (seconds % 60 // 1, "s")]
    elif not days:
        parts = [(hours, "h"), (minutes % 60, "min")]
    else:
        parts = [(days, "d"), (hours % 24, "h")]
    return " ".join(f"{value:.0f}{NO_BREAK}{unit}" for value, unit in parts)
