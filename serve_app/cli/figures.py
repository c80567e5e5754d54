"""Numbers as a person reads them: lengths of time, sizes, rates."""


def say_duration(seconds: float) -> str:
    """Like 42 s, 3 min, 2 h 5 min or 4 days."""
    whole = int(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 120:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60} min"
    return f"{days} days"


def say_bytes(size: float) -> str:
    """Like 18.6 MB, in powers of ten."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def say_ms(value: float | None) -> str:
    """Like 5.2 ms or 140 ms; a dash where nothing was measured."""
    if value is None:
        return "-"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"
