"""The Open Inference Protocol v2, as Triton and KServe speak it: what a request means and what is answered.

Two doors lead here, REST (`http/open_inference`) and gRPC, and this package knows neither of them:

    request -- messages --> views: which model, image or tensor --> inputs: images or pixels --> Backend
    answer <-- messages -- outputs: scores, logits or classes <-- logits -------------------------'

`inference` is the whole way; `documents` is what can be asked of models; `tensors` and `rest_codec` are how tensors
look as bytes and in JSON.
"""
