"""A file's bytes: what kind it is, and how they become blocks of UTF-8 text.

Belongs here: sniffing, unpacking, decoding, line ends, limits. Does not belong here: records (`rows`,
`counting`), columns or values. Nothing decoded is ever written to disk.

An error while reading is never the end of a file: whatever the system or the archive reports is raised.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import SavoirError
from pipelines.privacy.values import kept_name

CHUNK = 1 << 20
# 100 million order lines are 22 GB: anything far beyond is a mistake or an attack.
MAX_INFLATED_BYTES = 64 << 30
# A record that is still open after this many bytes cannot be held in memory to see where it ends.
MAX_RECORD_BYTES = 64 << 20
# A header that is still unfinished after this many bytes is not a header.
_HEADER_BYTES = 1 << 20

_FOREIGN_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP or Excel workbook (.xlsx): save the sheet as “CSV UTF-8” and send that"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls): save the sheet as “CSV UTF-8” and send that"),
    (b"\x89PNG", "a PNG picture: send a CSV or Parquet file"),
    (b"\xff\xd8\xff", "a JPEG picture: send a CSV or Parquet file"),
    (b"%PDF", "a PDF document: send a CSV or Parquet file"),
    (b"BZh", "compressed with bzip2: unpack it, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it, or compress it with gzip"),
    (b"\xfd7zXZ", "compressed with xz: unpack it, or compress it with gzip"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it, or compress it with gzip"),
    (b"SQLite format 3", "a SQLite database: export the table as CSV"),
)
_WIDE_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


class FileRefusedError(SavoirError):
    """The whole file cannot be taken; it stays where it is, untouched.

    `is_lasting`: the same bytes would be refused again by the same rules, so they are not read again.
    """

    def __init__(self, sentence: str, is_lasting: bool = True) -> None:
        super().__init__(sentence)
        self.is_lasting = is_lasting

    def __reduce__(self) -> tuple[type[FileRefusedError], tuple[str, bool]]:
        """The refusal crosses from the child process to its parent."""
        return (FileRefusedError, (str(self), self.is_lasting))


@dataclass
class Seen:
    """What was seen while the text passed by. `is_cut`: the archive ends early."""

    is_cut: bool = False


@dataclass(frozen=True)
class Header:
    """The first record of a text file; `size` is the bytes of the text up to its end, in `lines` lines."""

    names: tuple[str, ...]
    lines: int
    size: int


def shown(name: str) -> str:
    """A file's name as it is kept and shown: nobody's name, no byte that is not text, no line end, nothing
    invisible.
    """
    text = kept_name(os.fsencode(name).decode("utf-8", "backslashreplace"))
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def is_parquet(path: Path) -> bool:
    """Whether the file starts as Parquet does."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def is_gzip(path: Path) -> bool:
    """Whether the file starts as gzip does."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def sha256(path: Path) -> str:
    """SHA-256 of the file's bytes: about 1 GB per second."""
    digest = hashlib.sha256()
    for chunk in _bytes(path):
        digest.update(chunk)
    return digest.hexdigest()


def _bytes(path: Path) -> Iterator[bytes]:
    """The file's bytes; fewer than its size are an error, not an end."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        while chunk := file.read(CHUNK):
            size -= len(chunk)
            yield chunk
    if size > 0:
        raise FileRefusedError(
            f"{shown(path.name)} ended {size:,} bytes before its size: it changed while it was read, or the "
            "disk is at fault; send it again.",
            is_lasting=False,
        )


def raw_chunks(path: Path, max_bytes: int = MAX_INFLATED_BYTES, seen: Seen | None = None) -> Iterator[bytes]:
    """The file's bytes, unpacked where they are gzip; stops with a sentence beyond `max_bytes`."""
    if not is_gzip(path):
        yield from _bytes(path)
        return
    total = 0
    unpacker = zlib.decompressobj(wbits=31)
    for packed in _bytes(path):
        pending = packed
        while pending:
            if unpacker.eof:  # a gzip file may hold several members, and zeros after the last
                pending = pending.lstrip(b"\0")
                if not pending:
                    break
                unpacker = zlib.decompressobj(wbits=31)
            try:
                chunk = unpacker.decompress(pending, CHUNK)
            except zlib.error as error:
                raise FileRefusedError(
                    f"{shown(path.name)} is a damaged gzip archive ({error}): send it again."
                ) from None
            pending = unpacker.unconsumed_tail or unpacker.unused_data
            total += len(chunk)
            if total > max_bytes:
                raise FileRefusedError(
                    f"{shown(path.name)} unpacks to more than {max_bytes:,} bytes: split it, or raise the "
                    "limit on unpacked size."
                )
            if chunk:
                yield chunk
    if not unpacker.eof and seen is not None:
        seen.is_cut = True


class _PerhapsUtf8:
    """Whether a text in which every byte is a letter is UTF-8 after all.

    Accents in another encoding are no valid UTF-8 but by a chance that two of them hardly ever have.
    """

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")("strict")
        self._has_accents = False

    def see(self, raw: bytes) -> None:
        """The next bytes."""
        if self._decoder is None:
            return
        try:
            self._decoder.decode(raw)
        except UnicodeDecodeError:
            self._decoder = None
        self._has_accents = self._has_accents or not raw.isascii()

    def is_utf8(self) -> bool:
        """After the last byte."""
        try:
            return self._decoder is not None and self._decoder.decode(b"", True) == "" and self._has_accents
        except UnicodeDecodeError:
            return False


def text_blocks(
    path: Path, encoding: str, max_bytes: int = MAX_INFLATED_BYTES, seen: Seen | None = None
) -> Iterator[bytes]:
    """The file as UTF-8 with one kind of line end, in blocks that end where a line does; the last may not.

    Bytes that are wrong in a declared encoding other than UTF-8 refuse the file; wrong UTF-8 is left to the
    reader, which refuses the line alone.
    """
    is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    decoder = None if is_utf8 else codecs.getincrementaldecoder(encoding)("strict")
    doubt = None if is_utf8 or encoding.lower().replace("_", "-") in _WIDE_ENCODINGS else _PerhapsUtf8()
    held: list[bytes] = []
    held_bytes = 0
    is_first, has_open_return = True, False
    for raw in raw_chunks(path, max_bytes, seen):
        if doubt is not None:
            doubt.see(raw)
        try:
            chunk = raw if decoder is None else decoder.decode(raw).encode()
        except UnicodeDecodeError as error:
            raise FileRefusedError(
                f"{shown(path.name)} is not {encoding} as its mapping declares (byte "
                f"{error.object[error.start]:#04x}): correct dialect.encoding."
            ) from None
        if is_first:
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
            is_first = False
        if has_open_return:
            chunk = b"\r" + chunk
            has_open_return = False
        if chunk.endswith(b"\r"):  # the other half of the line end may stand in the next chunk
            chunk, has_open_return = chunk[:-1], True
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        whole = chunk.rfind(b"\n") + 1
        if whole:
            yield b"".join([*held, chunk[:whole]])
            held, held_bytes = [], 0
        if whole < len(chunk):
            held.append(chunk[whole:])
            held_bytes += len(chunk) - whole
        if held_bytes > MAX_RECORD_BYTES:
            raise FileRefusedError(
                f"{shown(path.name)} holds a line of more than {MAX_RECORD_BYTES >> 20} MiB: it is no table "
                "of rows; send one row per line."
            )
    if decoder is not None:
        try:
            held.append(decoder.decode(b"", final=True).encode())
        except UnicodeDecodeError:
            raise FileRefusedError(
                f"{shown(path.name)} ends in the middle of a {encoding} character: send it again, whole."
            ) from None
    if doubt is not None and doubt.is_utf8():
        raise FileRefusedError(
            f"{shown(path.name)} is UTF-8, not {encoding} as its mapping declares: every accent would become "
            "two other letters; correct dialect.encoding."
        )
    if has_open_return:
        held.append(b"\n")
    if last := b"".join(held):
        yield last


def refuse_foreign(path: Path, encoding: str) -> None:
    """Refuse what is no text at all, by the name of what it is."""
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise FileRefusedError(f"{shown(path.name)} is empty, without even a header: send it again.")
    for magic, kind in _FOREIGN_KINDS:
        if start.startswith(magic):
            raise FileRefusedError(f"{shown(path.name)} is not a CSV file but {kind}.")
    if encoding.lower().replace("_", "-") in _WIDE_ENCODINGS:
        return
    begin = next(raw_chunks(path), b"")[:_HEADER_BYTES]
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileRefusedError(
            f"{shown(path.name)} is UTF-16 text: save it as UTF-8, or send it through a mapping with "
            "dialect.encoding: utf-16."
        )
    if b"\0" in begin:
        raise FileRefusedError(
            f"{shown(path.name)} is not text (it holds NUL bytes): send a CSV or Parquet file."
        )


def header(path: Path, first_block: bytes, separator: str, lines_before: int = 0) -> Header:
    """The column names of a text file, or the sentence that says why there are none."""
    text = first_block[:_HEADER_BYTES].decode("utf-8", errors="replace")
    if not text.strip():
        if is_gzip(path):
            raise FileRefusedError(
                f"{shown(path.name)} unpacks to nothing readable: it is empty or cut; send it again."
            )
        raise FileRefusedError(f"{shown(path.name)} holds only blank lines: send it again.")
    if len(first_block) > _HEADER_BYTES and b"\n" not in first_block[:_HEADER_BYTES].lstrip(b"\n"):
        raise FileRefusedError(
            f"{shown(path.name)} has no readable header: its first line is longer than "
            f"{_HEADER_BYTES:,} bytes."
        )
    csv.field_size_limit(_HEADER_BYTES)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        names = next(row for row in rows if row)
    except (csv.Error, StopIteration):
        raise FileRefusedError(
            f"{shown(path.name)} has no readable header: its first line must name the columns."
        ) from None
    size = 0
    for _ in range(rows.line_num):
        size = first_block.find(b"\n", size) + 1 or len(first_block)
    return Header(names=tuple(name.strip() for name in names), lines=lines_before + rows.line_num, size=size)
