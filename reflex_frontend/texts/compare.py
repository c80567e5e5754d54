"""Words of the compare page."""

HEADLINE = "Compare"
LEAD = "See what two models make of one photo, or one model of two photos."
