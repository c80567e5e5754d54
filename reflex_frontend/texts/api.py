"""Words of the API page."""

HEADLINE = "Classify from your own code"
LEAD = "Classify from your own code."
