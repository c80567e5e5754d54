"""The Python of the gRPC messages is that of the files that it is made from."""

import re
from pathlib import Path
from typing import Any

import pytest

from serve_app.grpc.protocol import health_pb2, open_inference_pb2

FOLDER = Path(health_pb2.__file__).parent


def read_numbers(text: str) -> set[tuple[str, int]]:
    """Every name with a number in a .proto file."""
    return {(name, int(number)) for name, number in re.findall(r"(\w+) = (\d+);", text)}


def list_numbers(file: Any) -> set[tuple[str, int]]:
    """The same of the Python."""
    numbers, waiting, enums = set(), list(file.message_types_by_name.values()), list(file.enum_types_by_name.values())
    while waiting:
        message = waiting.pop()
        waiting += [nested for nested in message.nested_types if not nested.GetOptions().map_entry]
        enums += message.enum_types
        numbers |= {(field.name, field.number) for field in message.fields}
    return numbers | {(value.name, value.number) for enum in enums for value in enum.values}


@pytest.mark.parametrize("module", [health_pb2, open_inference_pb2])
def test_the_python_is_up_to_date(module: Any) -> None:
    """Whoever changes a .proto file without `make proto` learns it here."""
    text = (FOLDER / Path(module.DESCRIPTOR.name).name).read_text()
    assert list_numbers(module.DESCRIPTOR) == read_numbers(text)
    calls = {method.name for service in module.DESCRIPTOR.services_by_name.values() for method in service.methods}
    assert calls == set(re.findall(r"rpc (\w+)\(", text))
