"""The Open Inference Protocol v2 over gRPC: a program of its own in front of the service, as the page is.

    gRPC client --> serve_app.grpc --HTTP, /v2--> HAProxy --> replica, replica, ...

    step        module        from -> to
    call        server        gRPC call -> message, caller; status and metadata of the answer
    translate   calls         message -> what to ask of /v2, and back
    tensors     tensors       ModelInferRequest -> JSON with binary tensors; the same -> ModelInferResponse
    ask         upstream      HTTP request -> HTTP answer
    refuse      statuses      HTTP answer of an error -> gRPC status, and when to try again

What a request means, who may ask, when the service is full: all of that is the service's, and is read from its answers.
So this knows neither models nor images, and nothing else of `serve_app`.
"""
