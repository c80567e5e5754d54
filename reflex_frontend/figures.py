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
