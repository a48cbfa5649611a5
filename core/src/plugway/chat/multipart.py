"""Forms with files in them, as browsers and the official packages send them."""

from __future__ import annotations

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from plugway.errors import BadRequest, PayloadTooLarge

#: Parts of the largest form.
MOST_PARTS = 200


class Field(msgspec.Struct, frozen=True):
    """Is one part of a form.

    Attributes:
        name: Its name.
        data: What it holds.
        mime_type: What a file is said to be.
        is_file: It is a file.
    """

    name: str
    data: bytes
    mime_type: str
    is_file: bool

    @property
    def text(self) -> str:
        """Return what it holds as text.

        Raises:
            BadRequest: It is none.
        """
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            raise BadRequest(f"{self.name}: is not UTF-8", field=self.name) from None


def boundary_of(content_type: str) -> bytes | None:
    """Return what separates the parts of a form; None: it is none.

    Args:
        content_type: The header.

    Example:
        >>> boundary_of('multipart/form-data; boundary="a b"')
        b'a b'
    """
    kind, options = parse_options_header(content_type)
    return options.get(b"boundary") or None if kind == b"multipart/form-data" else None


def parts_of(content: bytes | bytearray, boundary: bytes) -> list[Field]:
    """Take a form apart.

    Args:
        content: All of it.
        boundary: What separates its parts.

    Raises:
        BadRequest: It is not a form, or is cut.
        PayloadTooLarge: It has too many parts.

    Example:
        >>> head = b'--x\\r\\nContent-Disposition: form-data; name="n"\\r\\n\\r\\n'
        >>> [(part.name, part.text) for part in parts_of(head + b"2\\r\\n--x--\\r\\n", b"x")]
        [('n', '2')]
    """
    form = _Form()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin,
                "on_part_data": form.data,
                "on_part_end": form.end,
                "on_header_field": form.header_name,
                "on_header_value": form.header_value,
                "on_header_end": form.header_end,
                "on_end": form.finish,
            },
        )
        parser.write(bytes(content))
        parser.finalize()
    except FormParserError:
        raise BadRequest("the body is not a form") from None
    if not form.whole:
        raise BadRequest("the body is not a form")
    return form.fields


class _Form:
    """Is told what the parser finds.

    Attributes:
        fields: Parts so far.
        whole: Its end has come.
    """

    def __init__(self) -> None:
        self.fields: list[Field] = []
        self.whole = False
        self.begin()

    def begin(self) -> None:
        self._data: list[bytes] = []
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def end(self) -> None:
        if len(self.fields) == MOST_PARTS:
            raise PayloadTooLarge(f"a form has no more than {MOST_PARTS} parts")
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise BadRequest("a part of the form has no name")
        mime_type, _ = parse_options_header(self._headers.get(b"content-type"))
        name = options[b"name"].decode("utf-8", "replace")
        is_file = b"filename" in options
        self.fields.append(Field(name, b"".join(self._data), mime_type.decode("latin-1"), is_file))

    def finish(self) -> None:
        self.whole = True
