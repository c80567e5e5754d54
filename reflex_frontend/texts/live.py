"""Words of the live page."""

HEADLINE = "What the service is doing"
LEAD = "The last two minutes, seen once a second."

# Replicas
REPLICAS = "Replicas"
OF_TARGET = "of {target} running"
RUNNING, STARTING, STOPPING = "{count} running", "{count} starting", "{count} stopping"
WANTED = "{count} wanted"
AT_MOST = "Room for {count}"

# In the service
IN_SERVICE = "Under way"
WORKING, WAITING = "{count} in work", "{count} waiting"
PEAK = "Most at once in these two minutes: {count}"

REFUSED = "Refused"
REFUSED_LONG = "Turned away at once because the service was full"
ERRORS = "Errors"
ERRORS_LONG = "Requests that failed for any other reason"
SINCE_START = "{count} since it started"
PER_SECOND = "/s"

# Charts
REQUESTS = "Requests"
REQUESTS_CHART = (
    "Requests per second over the last two minutes. "
    "Now: offered {offered}, served {served}, refused {refused}, errors {errors}."
)
REQUESTS_CHART_NONE = "Requests per second over the last two minutes. Now: no figures."
OFFERED, SERVED, IMAGES = "Offered", "Served", "Images"
OFFERED_LONG = "Requests that were answered, refused or failed"
SERVED_LONG = "Requests that were answered"
IMAGES_LONG = "Images in the answers; a request may hold several"
LATENCY = "Time to answer"
LATENCY_CHART = (
    "Time to answer over the last two minutes. Now: half within {p50}, 95 % within {p95}, 99 % within {p99}."
)
LATENCY_CHART_NONE = "Time to answer over the last two minutes. Now: no answers."
P50, P95, P99 = "p50", "p95", "p99"
P50_LONG, P95_LONG, P99_LONG = "Half of the answers are quicker", "95 % are quicker", "99 % are quicker"
TWO_MINUTES_AGO, A_MINUTE_AGO, NOW = "2 min ago", "1 min", "now"
NO_ANSWER = "No answer"
NO_VALUE = "\N{EN DASH}"

# In place of values
NOTE_UNKNOWN = "Waiting for the first figures"
NOTE_STARTING = "Figures come when the service is ready"
NOTE_UNREACHABLE = "No figures: the service does not answer"
NOTE_IDLE = "Nothing was asked in these two minutes"
UNSUPPORTED = "This service does not report what it does"
UNSUPPORTED_DETAIL = "It is an older version than this page. Update it, and its figures appear here by themselves."

# Load
LOAD = "Send load"
LOAD_DETAIL = "Asks for the example photos over and over. Watch the replicas follow."
LOAD_CONNECTIONS = "Connections"
LOAD_CONNECTIONS_LONG = "How many requests at a time"
LOAD_SECONDS = "For"
LOAD_SECONDS_LONG = "For how many seconds"
LOAD_START = "Send load"
LOAD_STOP = "Stop"
LOAD_SENDING = "Sending over {connections} connections"
LOAD_LEFT = "left"
LOAD_OVER = "Sent for {seconds} over {connections} connections"
LOAD_STOPPED = "Stopped after {seconds} over {connections} connections"
LOAD_COUNTS = "{answered} answered, {refused} refused, {failed} failed"
LOAD_RATE = "{rate} answers a second"
LOAD_OFF = "Sending load is off here"
LOAD_OFF_DETAIL = "The service runs on another machine. Whoever runs this page can allow it with {setting}."
LOAD_OFF_SETTING = "ARGUS_UI_ALLOW_LOAD=1"

SAID_REPLICAS = "{running} {of_target}."

# Under the charts
FOOT_WINDOW = "Rates and times to answer are over the last {window}."
FOOT_INCOMPLETE = "Not every replica could be asked just now."
FOOT_UPTIME = "The service has run for {uptime}."
