"""A file's bytes: what kind it is, what its header says, and how its text reaches the engine.

Belongs here: sniffing, decompressing, transcoding, line ends, limits. Does not belong here: columns or values
(`reading`, `judging`). Nothing decoded is ever written to disk: text passes through a named pipe.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import os
import tempfile
import threading
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import SavoirError

CHUNK = 1 << 22
# 100 million order lines are 22 GB: anything far beyond is a mistake or an attack.
MAX_INFLATED_BYTES = 64 << 30
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


class FileRefusedError(SavoirError):
    """The whole file cannot be taken; it stays where it is, untouched."""


@dataclass
class Census:
    """What was seen while the text passed by.

    `is_cut`: the archive ends early; `has_unfinished_line`: and in the middle of a line, which was held back.
    """

    lines: int = 0
    has_final_line_end: bool = True
    has_carriage_returns: bool = False
    is_cut: bool = False
    has_unfinished_line: bool = False


@dataclass(frozen=True)
class Header:
    """The first record of a text file."""

    names: tuple[str, ...]
    lines: int


def is_parquet(path: Path) -> bool:
    """Whether the file starts as Parquet does."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def is_gzip(path: Path) -> bool:
    """Whether the file starts as gzip does."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def survey(path: Path) -> tuple[str, Census]:
    """SHA-256 of the file's bytes and, of an unpacked file, its lines: one pass, about 1 GB per second."""
    digest = hashlib.sha256()
    census = Census()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            census.lines += chunk.count(b"\n")
            census.has_carriage_returns = census.has_carriage_returns or b"\r" in chunk
            census.has_final_line_end = chunk.endswith(b"\n")
    census.lines += not census.has_final_line_end
    return digest.hexdigest(), census


def raw_chunks(
    path: Path, max_bytes: int = MAX_INFLATED_BYTES, census: Census | None = None
) -> Iterator[bytes]:
    """The file's bytes, unpacked where they are gzip; stops with a sentence beyond `max_bytes`."""
    if not is_gzip(path):
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
        return
    total = 0
    with path.open("rb") as file:
        unpacker = zlib.decompressobj(wbits=31)
        pending = b""
        while True:
            packed = pending or file.read(CHUNK)
            pending = b""
            if not packed:
                break
            if unpacker.eof:  # a gzip file may hold several members
                unpacker = zlib.decompressobj(wbits=31)
            try:
                chunk = unpacker.decompress(packed, CHUNK)
            except zlib.error:
                if census is not None:
                    census.is_cut = True
                return
            pending = unpacker.unconsumed_tail or unpacker.unused_data
            total += len(chunk)
            if total > max_bytes:
                raise FileRefusedError(
                    f"{path.name} unpacks to more than {max_bytes:,} bytes: split it, or raise the limit "
                    "on unpacked size."
                )
            if chunk:
                yield chunk
    if not unpacker.eof and census is not None:
        census.is_cut = True


def text_chunks(
    path: Path,
    encoding: str,
    max_bytes: int = MAX_INFLATED_BYTES,
    census: Census | None = None,
    blanked: frozenset[int] = frozenset(),
) -> Iterator[bytes]:
    """The file as UTF-8 with one kind of line end; a cut archive loses its unfinished last line, never half
    of it.

    Bytes that are wrong in a declared encoding other than UTF-8 refuse the file; wrong UTF-8 is left to the
    engine, which refuses the line alone.
    """
    census = census or Census()
    is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    decoder = None if is_utf8 else codecs.getincrementaldecoder(encoding)("strict")
    held = b""
    first = True
    for raw in raw_chunks(path, max_bytes, census):
        try:
            chunk = raw if decoder is None else decoder.decode(raw).encode()
        except UnicodeDecodeError as error:
            raise FileRefusedError(
                f"{path.name} is not {encoding} as its mapping declares (byte "
                f"{error.object[error.start]:#04x}): "
                f"correct dialect.encoding."
            ) from None
        if first:
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
            first = False
        chunk = held + chunk
        held = b""
        if chunk.endswith(b"\r"):
            chunk, held = chunk[:-1], b"\r"
        if b"\r" in chunk:
            census.has_carriage_returns = True
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if whole := chunk.rfind(b"\n") + 1:
            held = chunk[whole:] + held
            chunk = chunk[:whole]
            before = census.lines
            census.lines += chunk.count(b"\n")
            yield _blanked(chunk, before, blanked)
        else:
            held = chunk + held
    held = held.replace(b"\r", b"\n")
    if census.is_cut:
        census.has_unfinished_line = bool(held)
    elif held:
        census.has_final_line_end = held.endswith(b"\n")
        before = census.lines
        census.lines += held.count(b"\n") + (not census.has_final_line_end)
        yield _blanked(held, before, blanked)


def _blanked(chunk: bytes, lines_before: int, lines: frozenset[int]) -> bytes:
    """The chunk with some lines of the file made empty, so that all others keep their number."""
    inside = [line for line in lines if lines_before < line <= lines_before + chunk.count(b"\n") + 1]
    if not inside:
        return chunk
    parts = chunk.split(b"\n")
    for line in inside:
        parts[line - lines_before - 1] = b""
    return b"\n".join(parts)


def header(path: Path, encoding: str, separator: str) -> Header:
    """The column names of a text file, or the sentence that says why there are none."""
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise FileRefusedError(f"{path.name} is empty, without even a header: send it again.")
    for magic, kind in _FOREIGN_KINDS:
        if start.startswith(magic):
            raise FileRefusedError(f"{path.name} is not a CSV file but {kind}.")
    begin = b""
    if encoding.lower().replace("_", "-") not in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        for raw in raw_chunks(path):
            begin = raw[:_HEADER_BYTES]
            break
        if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise FileRefusedError(
                f"{path.name} is UTF-16 text: save it as UTF-8, or send it through a mapping with "
                "dialect.encoding: utf-16."
            )
        if b"\0" in begin:
            raise FileRefusedError(
                f"{path.name} is not text (it holds NUL bytes): send a CSV or Parquet file."
            )
    begin = b""
    for chunk in text_chunks(path, encoding):
        begin = chunk[:_HEADER_BYTES]
        break
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(begin)
    except UnicodeDecodeError:
        text = begin.decode("utf-8", errors="replace")
    if not text.strip():
        if is_gzip(path):
            raise FileRefusedError(
                f"{path.name} unpacks to nothing readable: it is empty or cut; send it again."
            )
        raise FileRefusedError(f"{path.name} holds only blank lines: send it again.")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        names = next(row for row in rows if row)
    except (csv.Error, StopIteration):
        raise FileRefusedError(
            f"{path.name} has no readable header: its first line must name the columns."
        ) from None
    return Header(names=tuple(name.strip() for name in names), lines=rows.line_num)


@dataclass
class Pump:
    """A named pipe that carries a file's text to the engine, and what was seen on the way."""

    pipe: Path
    census: Census
    error: SavoirError | None = None
    thread: threading.Thread | None = None

    def failure(self, has_ended: bool) -> SavoirError | None:
        """Why the text stopped early, if it did; `has_ended`: the reader saw the end, so writing is over."""
        if has_ended and self.thread is not None:
            self.thread.join()
        return self.error


@contextmanager
def pumped(
    path: Path, encoding: str, max_bytes: int = MAX_INFLATED_BYTES, blanked: frozenset[int] = frozenset()
) -> Generator[Pump]:
    """The file's text on a named pipe, fed by a thread until the reader has it all or gives up."""
    with tempfile.TemporaryDirectory(prefix="savoir-") as folder:
        pump = Pump(Path(folder) / "text.csv", Census())
        os.mkfifo(pump.pipe, 0o600)
        has_left = threading.Event()

        def feed() -> None:
            # The writer opens without waiting for the reader for ever: the reader may fail before it opens.
            while True:
                try:
                    descriptor = os.open(pump.pipe, os.O_WRONLY | os.O_NONBLOCK)
                    break
                except OSError:
                    if has_left.wait(0.001):
                        return
            os.set_blocking(descriptor, True)
            try:
                with os.fdopen(descriptor, "wb", buffering=0) as out:
                    for chunk in text_chunks(path, encoding, max_bytes, pump.census, blanked):
                        view = memoryview(chunk)
                        while view:
                            view = view[out.write(view) or 0 :]
            except BrokenPipeError:
                pass
            except SavoirError as error:
                pump.error = error

        thread = threading.Thread(target=feed, name="savoir-pump", daemon=True)
        pump.thread = thread
        thread.start()
        try:
            yield pump
        finally:
            has_left.set()
            # A reader that stopped early leaves the writer blocked: draining lets it end.
            _drain(pump.pipe, thread)


def _drain(pipe: Path, thread: threading.Thread) -> None:
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    os.close(descriptor)  # with no reader left, the writer gets a broken pipe
    thread.join()
