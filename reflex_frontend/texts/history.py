"""Words of the history page."""

HEADLINE = "History"
LEAD = "What was classified in this browser. It stays here and is sent nowhere."
