"""Bytes to text, with an error that helps when the encoding is another one than stated."""

import codecs

from gencls.sources.rows import SourceError

BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
ENCODINGS = {
    "cp1252": "windows-1252",
    "gb18030": "gb18030",
    "big5": "big5",
    "shift_jis": "shift_jis",
    "euc_kr": "euc_kr",
    "cp1251": "windows-1251",
}
"""What files that are not UTF-8 mostly are, by the codec's name: Western, simplified Chinese, traditional, Japanese, Korean, Cyrillic."""
SHOWN = 24
"""Bytes shown on each side of the place."""


def decode(data: bytes, encoding: str, name: str) -> str:
    """Text of a file, without its byte order mark.

    Raises:
        SourceError: the encoding is unknown, or is not that of the file; names the byte, the line and what would decode it.
    """
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise SourceError(f"encoding: {encoding!r} is unknown; examples: utf-8, {', '.join(ENCODINGS.values())}, utf-16") from None
    except UnicodeDecodeError as error:
        at = error.start
    line = data.count(b"\n", 0, at) + 1
    excerpt = _around(data, at)
    readings = [f"{other} (there it reads {excerpt.decode(other, errors='replace')!r})" for other in _decoding(data)]
    hint = f"; what decodes it, set encoding to the one that reads well: {', '.join(readings)}" if readings else ""
    raise SourceError(f"{name} is not {encoding}: byte 0x{data[at]:02x} at offset {at}, line {line}: {excerpt!r}{hint}")


def _around(data: bytes, at: int) -> bytes:
    """The bytes around a place, of its line only."""
    start = max(at - SHOWN, data.rfind(b"\n", 0, at) + 1)
    end = data.find(b"\n", at)
    return data[start : min(at + SHOWN, end if end >= 0 else len(data))].rstrip(b"\r")


def _decoding(data: bytes) -> list[str]:
    """Encodings that decode the whole file."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return [encoding]
    return [encoding for encoding in ENCODINGS.values() if _decodes(data, encoding)]


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
