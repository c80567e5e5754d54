"""Words of the model page."""

HEADLINE = "The model"
CHOICE = "Model"

DEFAULT = "default"
IS_DEFAULT = "{name} (default)"
STATES = {"ready": "ready", "starting": "starting", "stopping": "stopping"}

# Figures on top
FIGURES = "In figures"
TOP1, TOP5 = "Top-1 accuracy", "Top-5 accuracy"
LABEL_COUNT = "Labels"
PARAMETERS = "Parameters"
MILLION, BILLION = "{count} M", "{count} bn"
MEASURED = "Accuracy on {photos} photos, computed in {precision}: {source}."
SERVED_IN = "Here the model computes in {precision}."
NOT_MEASURED = "Nobody has measured the accuracy of this model. With labelled photos, make accuracy does it."

# Preprocessing
PREPROCESSING = "What happens to a photo"
DRAWING = "The photo, and the square that the model sees"
STEP_RESIZE = "The shorter side is scaled to {resize} pixels ({interpolation})."
STEP_CROP = "A square of {crop} \N{MULTIPLICATION SIGN} {crop} pixels is cut from the centre. The rest is not seen."
STEP_NORMALISE = "Each channel becomes (x / 255 \N{MINUS SIGN} mean) / std, and that goes into the network."
RESIZE_SIZE, CROP_SIZE, INTERPOLATION = "Resize", "Crop", "Interpolation"
MEAN, STD = "Mean", "Std"
CHANNELS = "red, green, blue"
ALL_CHANNELS = "the same for red, green and blue"
PIXELS = "{count} px"

# About
ABOUT = "What it is"
INPUT = "Input"
INPUT_VALUE = "{width} \N{MULTIPLICATION SIGN} {height} pixels, {channels}"
RUNTIME = "Runtime"
RUNTIMES = {"openvino": "OpenVINO", "torch": "PyTorch"}
PRECISION = "Precision"
PRECISIONS = {
    "fp32": "32-bit floating point, as the weights were trained.",
    "bf16": "16-bit brain floating point: the range of fp32 with fewer digits, and quicker on some processors.",
    "int8": "8-bit whole numbers, with ranges set by sample photos.",
}
QUANTISATION = "Quantisation"
QUANTISATION_VALUE = "{agreement} the same first label as fp32"
QUANTISATION_NOTE = "Calibrated on {calibration} photos, compared on {checked} others."
WEIGHTS = "Weights"
LICENSE = "Licence"
SOURCE = "Source"
VERSION = "Version"
VERSION_NOTE = "Changes with the weights, the preprocessing and the precision."
COPY_VERSION = "Copy the version"
UNKNOWN = "not said by the service"

# Labels
LABELS = "Labels"
SEARCH = "Search the labels"
SEARCH_HINT = "A word or a class number"
CLASS_ID = "Class"
ALL_SHOWN = "{total} labels"
SOME_SHOWN = "The first {shown} of {total} labels"
FOUND = "{found} of {total} labels"
FOUND_SOME = "The first {shown} of {found} that match"
FOUND_NONE = "No label matches"
NONE_TITLE = "No label has \N{LEFT DOUBLE QUOTATION MARK}{query}\N{RIGHT DOUBLE QUOTATION MARK}"
NONE_DETAIL = "The model can only name these {total} things. Try a shorter or a more general word."
SHOW_ALL = "Show all {total}"
CLEAR = "Clear the search"
LABELS_FAILED = "The labels could not be read."
READ_AGAIN = "Read them again"
READING = "Reading the labels"

# Until there is something to show
WAIT_ASKING = "Asking the service for its models"
WAIT_STARTING = "The service is starting"
WAIT_STARTING_DETAIL = "Its models appear here as soon as they are loaded."
WAIT_UNREACHABLE = "The service does not answer"
WAIT_UNREACHABLE_DETAIL = "Its models appear here as soon as it does."
