"""Words of the compare page."""

HEADLINE = "Compare"
LEAD = "See what two models make of one photo, or one model of two photos."

MODE = "What to compare"
MODE_MODELS = "One photo, two models"
MODE_PHOTOS = "Two photos, one model"
MODEL = "Model"
LEFT_MODEL, RIGHT_MODEL = "Left model", "Right model"
LEFT, RIGHT = "left", "right"
LEFT_PHOTO, RIGHT_PHOTO = "Left photo", "Right photo"
TOP_K_LONG = "How many labels of each side to show"

# Slots
PHOTOS = "Photos"
DROP_TITLE = "Drop a photo here"
DROP_HINT = "or paste it with Ctrl V"
SIDE_HINT = "Drop it here, paste it, or"
CHOOSE = "Choose a photo"
CHOOSE_ANOTHER = "Choose another"
REMOVE = "Remove"
FILE_INPUT = "{slot}: file"
NO_PREVIEW = "No preview for this file"
EXAMPLES = "No photo at hand? Try one of these."

# Result
RESULT = "Side by side"
AGREE = "Both say {label}"
DIFFER = "They differ: {left} against {right}"
SHARED = "{count} of the first {total} labels are on both sides."
MORE_LEFT = "{points} points more on the left"
MORE_RIGHT = "{points} points more on the right"
SAME = "the same on both sides"
ONLY_LEFT = "only on the left"
ONLY_RIGHT = "only on the right"
SPOKEN_SIDE = "{side} {score}"
ROUND_TRIP = "Round trip"
EMPTY = "Both answers appear here, on one scale"
EMPTY_MODELS = "One photo is enough. Each of the two models gets it."
EMPTY_PHOTOS = "Put a photo on each side. The same model reads both."
READING = "Reading the photo"
WAITING_FOR_MODELS = "Waiting for the service"
WAITING_FOR_MODELS_DETAIL = "It has not yet said which models it has."
TRY_AGAIN_LONG = "Try the {side} side again"

# One model only
ONE_MODEL = "This service has one model so far"
ONE_MODEL_DETAIL = "{model} has nobody to be compared with. Add a second one to serve_config.yaml and start anew:"
ONE_MODEL_CONFIG = """\
models:
  - weights: {model}
  - weights: resnet50
"""
ONE_MODEL_NOTE = "Any classifier of torchvision goes by its name; its weights are downloaded once."
COPY = "Copy"
ONE_MODEL_OTHERWISE = "Compare two photos instead"
