"""The backend of the MLOps course's sample: a form with a photo -> its label, and the probabilities of all classes.

The file name goes back as text and is used for nothing. `/predict`, with any name of the form's field, is what some
editions of the course's page ask for.
"""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from serve_app.http.classify import render_json
from serve_app.http.dropins.documentation import describe_form, document_operation
from serve_app.http.dropins.operation import PhotoOperation
from serve_app.http.error_shapes import describe_for_fastapi
from serve_app.http.routes import COURSE_CLASSIFY
from serve_app.http.uploads import read_upload
from serve_app.postprocessing import softmax


class CourseAnswer(BaseModel):
    """A photo's label, and how probable every class is."""

    filename: str | None = Field(examples=["cat.jpg"], description="As it was sent; null where there was none.")
    prediction: str = Field(examples=["tabby"])
    probabilities: list[float] = Field(
        examples=[[0.1, 0.61, 0.29]],
        description="Of every class, in the order of GET /v1/models/{model}/labels. Softmax scores.",
    )


class CourseError(BaseModel):
    """What went wrong, and what to do next."""

    detail: str = Field(examples=["The JPEG image is damaged or cut short. Check that the whole file was sent."])


_CLASSIFY = document_operation(
    "mlops course",
    CourseAnswer,
    "The label and the probabilities.",
    body=describe_form("file"),
    error=CourseError,
    shape=describe_for_fastapi,
)


def build_router(operation: PhotoOperation) -> APIRouter:
    """The route /classify/ and its other names."""
    router = APIRouter()

    async def classify_for_the_course(request: Request) -> Response:
        """Classify a photo with the default model, for the page of the MLOps course."""
        model = operation.admit(request, None)
        upload = await read_upload(request, operation.limits, field="file")
        scores = softmax(await operation.infer(request, model, upload))
        return render_json(
            {
                "filename": upload.filename,
                "prediction": model.card.labels[int(scores.argmax())],
                "probabilities": [round(score, 6) for score in scores.tolist()],
            }
        )

    for path in COURSE_CLASSIFY:
        router.add_api_route(path, classify_for_the_course, methods=["POST"], **_CLASSIFY)
    return router
