"""Protocols of other servers, so that their clients work against this one unchanged.

    huggingface     /huggingface, /huggingface/{model}      huggingface_hub's image classification
    torchserve      /predictions/{model}, /ping             TorchServe's inference API, as its image_classifier answers
    course          /classify/                              the backend of the MLOps course's sample

Each module reads one protocol's requests and writes its answers. `operation` is what lies between, and is the same as
for `/v1/classify`: API keys, limits, the gate, the deadline, batching, counting. How an error looks: `error_shapes`.
What was decided: docs/decisions/0014-drop-in-protocols.md.
"""
