"""The browser UI of Argus: a Reflex application that reaches the service only through `argus_client`.

reflex_frontend   composition: exposes `app`, registers the pages
state/            what a browser session knows and the events that change it
view/             what is drawn, from state to elements; texts holds every word shown
photos, batch, reports, failures, previews, watch, service     plain code under the state; knows no Reflex
pulse, traces, charts, readings, load, load_report     the live page's: what the service does, and load for it
attempt, snippets, listings     the API page's; cards, labels: the model page's; comparison: the compare page's
answering         a photo from the page's script to the service and back
settings          what the operator may set
edge              the ASGI layer around the application: limits, origins, headers
building, production     builds the page and serves it
"""
