"""Words of the live page."""

HEADLINE = "What the service is doing"
LEAD = "What the service is doing now."
