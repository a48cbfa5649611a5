"""Forms with files in them, as browsers and the official packages send them."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesHeaderParser

import msgspec

from plugway.errors import BadRequest, PayloadTooLarge

#: Parts of the largest form.
MOST_PARTS = 200

_END = b"\r\n\r\n"


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
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        return None
    return boundary.encode("latin-1", "replace") or None


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
    delimiter = b"\r\n--" + boundary
    _, *pieces = (b"\r\n" + content).split(delimiter, MOST_PARTS + 2)
    found: list[Field] = []
    for piece in pieces:
        if piece.startswith(b"--"):
            return found
        if len(found) == MOST_PARTS:
            raise PayloadTooLarge(f"a form has no more than {MOST_PARTS} parts")
        # Blanks may stand between the boundary and the end of its line.
        line = piece.find(b"\r\n")
        end = piece.find(_END, max(line, 0))
        if line < 0 or end < 0 or piece[:line].strip(b" \t"):
            break
        found.append(_field(piece[line:end], piece[end + len(_END) :]))
    raise BadRequest("the body is not a form")


def _field(head: bytes, data: bytes) -> Field:
    header = BytesHeaderParser().parsebytes(head.lstrip(b"\r\n") + _END)
    name = header.get_param("name", header="content-disposition")
    if header.get_content_disposition() != "form-data" or not isinstance(name, str):
        raise BadRequest("a part of the form has no name")
    is_file = header.get_param("filename", header="content-disposition") is not None
    mime_type = header.get_content_type() if header["content-type"] else ""
    return Field(name, data, mime_type, is_file)
