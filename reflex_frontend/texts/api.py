"""Words of the API page."""

HEADLINE = "Classify from your own code"
LEAD = "Photos in, labels and scores out, over plain HTTP. Every line below is for this very service."

ADDRESS = "The request"
POST = "POST"
COPY_ADDRESS = "Copy the address"
MODEL = "Model"
DEFAULT_MODEL = "{name} (default)"
TOP_K = "Labels"
TOP_K_LONG = "How many labels to ask for"
REFERENCE = "Reference"
DESCRIPTION = "OpenAPI"
REFERENCE_LONG = "The service's own reference, with every parameter"
DESCRIPTION_LONG = "The OpenAPI description, for tools that write clients"

# Samples
SAMPLES = "Code to copy"
LANGUAGES = "Language"
LANGUAGE_NAMES = {
    "curl": "curl",
    "client": "Python, argus_client",
    "httpx": "Python, httpx",
    "javascript": "JavaScript",
    "hugging_face": "Hugging Face",
    "torchserve": "TorchServe",
    "triton": "Triton",
}
TASKS = "What to do"
TASK_NAMES = {
    "one": ("One photo", "Its bytes are the body."),
    "several": ("Several photos", "One request, one answer for each."),
    "base64": ("Base64 in JSON", "Where bytes cannot be sent."),
    "errors": ("Busy and errors", "Wait as told, then try again."),
}
NOTES = {
    "curl": "Runs in any shell. --fail-with-body needs curl 7.76 or newer.",
    "client": "Install the client from the project's folder: pip install . It needs nothing but httpx.",
    "httpx": "Needs one package: pip install httpx",
    "javascript": (
        "Runs in Node.js 20 or newer, saved as .mjs. The service answers no page of another origin, so a page in a "
        "browser asks through its own server."
    ),
    "hugging_face": (
        "Needs one package: pip install huggingface_hub. Its client talks to this service as it does to theirs; an "
        "API key is its token."
    ),
    "torchserve": "What asks TorchServe for an image asks here the same way. The answer is the five best labels.",
    "triton": (
        "Needs one package: pip install 'tritonclient[http]'. It speaks the Open Inference Protocol, as KServe does."
    ),
}
COPY = "Copy"
COPY_SAMPLE = "Copy this sample"
COPIED = "Copied"
CODE = "Sample"

# Try it
TRY = "Try it"
TRY_LONG = "Sends one of these photos to the service and shows what comes back."
EXAMPLES = "Photo to send"
SEND = "Send the request"
SENDING = "Waiting for the answer"
REQUEST = "Request"
RESPONSE = "Response"
EMPTY_TITLE = "The response appears here"
EMPTY_DETAIL = "Status, headers and body, as the service sends them."
BODY = "Response body"
COPY_BODY = "Copy the body"
INDENTED = "Indented for reading"
TOOK = "{status} in {time}"
NO_ANSWER = "No answer"
UNREACHABLE = "Nothing answers at the service's address. It may be starting or stopped; try again when it is back."
LATE = "The service took longer than {seconds} s. Try again; if it happens often, tell whoever runs it."

# Endpoints: method, path, what for
ENDPOINTS_TITLE = "Endpoints"
ENDPOINT, PURPOSE = "Endpoint", "What for"
ENDPOINTS = (
    ("POST", "/v1/classify", "Classify photos with the default model"),
    ("POST", "/v1/models/{model}/classify", "Classify photos with the model of that name"),
    ("GET", "/v1/models", "Every model: input, preprocessing, precision, licence"),
    ("GET", "/v1/models/{model}", "One model"),
    ("GET", "/v1/models/{model}/labels", "Its labels, in the order of the class ids"),
    ("GET", "/v1/status", "What the service is doing now, over all replicas"),
    ("GET", "/metrics", "The same and more, for Prometheus"),
    ("GET", "/health/live", "Whether the process answers"),
    ("GET", "/health/ready", "Whether it can classify now"),
)
# Other protocols: where, whose clients
PROTOCOLS_TITLE = "Other protocols"
PROTOCOLS_LEAD = "Clients of other servers work here unchanged, with the same models and the same limits."
ADDRESS_OF, CLIENTS = "Address", "Whose clients"
PROTOCOLS = (
    ("/v2", "Open Inference Protocol: tritonclient, KServe, perf_analyzer"),
    ("/huggingface", "Hugging Face: huggingface_hub's image_classification"),
    ("/huggingface/{model}", "The same, with the model of that name"),
    ("/predictions/{model}", "TorchServe: its image_classifier"),
    ("/ping", "TorchServe: whether photos can be classified"),
    ("/classify/", "The backend of the MLOps course; /predict/ as well"),
)
PARAMETERS_TITLE = "Parameters of a classification"
PARAMETER, RANGE, MEANING = "Parameter", "Values", "Meaning"
PARAMETERS = (
    ("top_k", "1 to 10000, default 5", "Most labels for each photo"),
    ("min_score", "0 to 1, default 0", "Labels that score lower are left out"),
)
BODIES = (
    "The body is one photo as it is, multipart/form-data with one or several, or JSON with base64. "
    "JPEG, PNG, WebP, GIF, BMP, TIFF and AVIF are told apart by their bytes."
)
KEYS = "Where API keys are set, send one: Authorization: Bearer and the key."

# Errors: status, code, what to do
ERRORS_TITLE = "Errors"
ERRORS_LEAD = (
    "Problem details as in RFC 9457. The code is stable and for programs; the detail is for people; the request_id "
    "finds the request in the service's log. Several photos in one request fail one by one, inside a 200."
)
ERROR, WHAT_TO_DO = "Error", "What to do"
ERRORS = (
    ("400", "malformed_request", "Check the body: it is empty, cut off, or not what its Content-Type says."),
    ("401", "unauthenticated", "Send an API key."),
    ("403", "forbidden", "Use a key that may use this model."),
    ("404", "not_found", "Check the path."),
    ("404", "model_not_found", "Use a name that /v1/models lists."),
    ("405", "method_not_allowed", "Use the method above."),
    ("413", "payload_too_large", "Send a smaller file, or fewer in one request."),
    ("415", "unsupported_media_type", "Send one of the formats above."),
    ("422", "undecodable_image", "The file is damaged or cut short. Send it whole."),
    ("422", "image_too_large", "Scale the photo down: it has too many pixels."),
    ("422", "url_not_fetched", "The detail says why. Check the address, or send the image itself."),
    ("422", "invalid_parameter", "The detail names the parameter and its range."),
    ("429", "overloaded", "Wait as long as Retry-After says, then send it again."),
    ("429", "rate_limited", "Wait as long as Retry-After says, and send less often."),
    ("500", "internal", "Report the request_id to whoever runs the service."),
    ("503", "not_ready", "The service starts or stops. Wait as long as Retry-After says."),
    ("504", "deadline_exceeded", "Try again later: the service had more to do than time."),
)
