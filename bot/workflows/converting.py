"""How messages become payloads: as JSON, in bounds, and marked with the shape of whoever wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    PayloadConverter,
)

from bot.workflows.codec import UnreadableConverter
from bot.workflows.shape import SHAPE, NewerShape, mark, shape_of
from bot.workflows.sizes import MOST_BYTES, shortened, too_large

_JSON = PydanticJSONPlainPayloadConverter()
_CONVERTERS = (
    *(
        _JSON if isinstance(each, JSONPlainPayloadConverter) else each
        for each in DefaultPayloadConverter.default_encoding_payload_converters
    ),
    UnreadableConverter(),
)


class SharedConverter(CompositePayloadConverter):
    """The SDK makes a converter for each step of each workflow, and the one for Pydantic begins by building the
    validators of all that it is given. This one shares them."""

    shape: int = SHAPE
    """That it writes, and the newest that it reads."""

    def __init__(self) -> None:
        super().__init__(*_CONVERTERS)

    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        """Raises what :func:`bot.workflows.sizes.too_large` makes. In a workflow's code, too, where it always does so
        at the same place: the task goes on with the error, where Temporal's own refusal would hold it up for good."""
        payloads = super().to_payloads(values)
        size = sum(len(payload.data) for payload in payloads)
        if size > MOST_BYTES:
            raise too_large(size)
        for payload in payloads:
            mark(payload, self.shape)
        return payloads

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Raises :class:`NewerShape` for what a newer Gavel wrote: the fields that this one does not know would be left
        out without a word."""
        newest = max(map(shape_of, payloads), default=0)
        if newest > self.shape:
            raise NewerShape(newest, known=self.shape)
        return super().from_payloads(payloads, type_hints)


def converter_of(shape: int) -> type[SharedConverter]:
    """That of a Gavel of this shape."""
    return type("ConverterOfShape", (SharedConverter,), {"shape": shape})


class BriefFailures(DefaultFailureConverter):
    """Errors as payloads that the codec encrypts, for they quote anything; and no longer than anybody reads."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """See the base class. It comes here for each error's cause, too."""
        super().to_failure(exception, payload_converter, failure)
        words = {"message": shortened(failure.message), "stack_trace": shortened(failure.stack_trace)}
        failure.encoded_attributes.CopyFrom(payload_converter.to_payloads([words])[0])
        failure.message, failure.stack_trace = "Encoded failure", ""
