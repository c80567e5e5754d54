"""Words of the model page."""

HEADLINE = "The model"
LEAD = "What answers here, and how well."
