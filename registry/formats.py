"""What a published file is: its format by name, its compression by its first bytes, and whether the two agree."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import orjson

from contracts.errors import Invalid

HEAD = 64 * 1024
"""Decompressed bytes that a format is told by."""
JSON_LIMIT = 16 * 1024 * 1024
"""Bytes of a JSON file that is read as a whole to see that it is one."""

_EXTENSIONS = {
    "fa": "fasta",
    "faa": "fasta",
    "fas": "fasta",
    "ffn": "fasta",
    "fna": "fasta",
    "gb": "genbank",
    "gbff": "genbank",
    "gbk": "genbank",
    "gpt": "genbank",
    "sp": "swissprot",
    "swiss": "swissprot",
    "tgz": "tar.gz",
}
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}
_SUFFIXES = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}
_MEDIA_TYPES = {
    "xml": "application/xml",
    "json": "application/json",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "zip": "application/zip",
    "whl": "application/zip",
    "pdf": "application/pdf",
    **dict.fromkeys(
        ("fasta", "fastq", "genbank", "swissprot", "embl", "gff", "gff3", "gtf", "vcf", "pdb", "obo", "txt"),
        "text/plain",
    ),
}
_COMPRESSED_TYPES = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "zstd": "application/zstd",
    "zip": "application/zip",
}
_OPENERS: dict[str, Callable[[IO[bytes]], object]] = {
    "none": lambda file: file,
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}


def format_of(filename: str) -> str:
    """The format that a file name tells: fasta of `P01308.fa.gz`, tar.gz of `blast.tar.gz`; "" where it tells none."""
    parts = filename.lower().rpartition("/")[2].split(".")[1:]
    if not parts:
        return ""
    if parts[-1] in _SUFFIXES and len(parts) > 1:
        return f"tar.{parts[-1]}" if parts[-2] == "tar" else _EXTENSIONS.get(parts[-2], parts[-2])
    return _EXTENSIONS.get(parts[-1], parts[-1])


def media_type_of(format_name: str, compression: str) -> str:
    if compression != "none":
        return _COMPRESSED_TYPES[compression]
    return _MEDIA_TYPES.get(format_name, "application/octet-stream")


def compression_of(path: Path) -> str:
    """What the first bytes tell."""
    with path.open("rb") as file:
        head = file.read(8)
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "none")


def open_plain(path: Path, compression: str) -> IO[bytes] | None:
    """The decompressed bytes; None for a compression that cannot be read here."""
    opener = _OPENERS.get(compression)
    if opener is None:
        return None
    return cast(IO[bytes], opener(path.open("rb")))


def check_format(path: Path, format_name: str, compression: str) -> None:
    """Raise Invalid where the bytes are plainly not of this format. Formats not known here are taken as they are."""
    if format_name in _ARCHIVES:
        if compression != _ARCHIVES[format_name]:
            raise _not(format_name, f"it does not begin as {_ARCHIVES[format_name]} does")
        return
    check = _CHECKS.get(format_name)
    if check is None:
        return
    file = open_plain(path, compression)
    if file is None:
        return
    try:
        with file:
            head = file.read(HEAD)
            problem = check(head)
            if not problem and format_name == "json":
                problem = _json(file, head)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _not(format_name, f"it cannot be decompressed ({error})") from error
    if problem:
        raise _not(format_name, problem)


def _not(format_name: str, problem: str) -> Invalid:
    return Invalid(fields={"file": [f"This is no {format_name} file: {problem}."]})


def _begins(*starts: bytes) -> Callable[[bytes], str]:
    words = " or ".join(f"'{start.decode().strip()}'" for start in starts)

    def check(head: bytes) -> str:
        return (
            "" if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(starts) else f"it does not begin with {words}"
        )

    return check


def _text(head: bytes) -> str:
    return "it holds NUL bytes" if b"\x00" in head else ""


def _json(file: IO[bytes], head: bytes) -> str:
    """Small files as a whole; of large ones, the beginning has to do."""
    rest = file.read(JSON_LIMIT)
    if len(rest) == JSON_LIMIT:
        return ""
    try:
        orjson.loads(head + rest)
    except orjson.JSONDecodeError as error:
        return f"{error.msg} at line {error.lineno}"
    return ""


_ARCHIVES = {
    "tar.gz": "gzip",
    "tar.bz2": "bzip2",
    "tar.xz": "xz",
    "tar.zst": "zstd",
    "gz": "gzip",
    "zip": "zip",
    "whl": "zip",
    "jar": "zip",
}
_CHECKS: dict[str, Callable[[bytes], str]] = {
    "fasta": _begins(b">", b";"),
    "fastq": _begins(b"@"),
    "genbank": _begins(b"LOCUS "),
    "swissprot": _begins(b"ID   "),
    "embl": _begins(b"ID   "),
    "xml": _begins(b"<"),
    "json": lambda head: "",
    "vcf": _begins(b"##fileformat=VCF"),
    "gff3": _begins(b"##gff-version"),
    "pdf": _begins(b"%PDF-"),
    "csv": _text,
    "tsv": _text,
    "txt": _text,
    "gff": _text,
    "gtf": _text,
}


class Limited(io.RawIOBase):
    """At most `limit` bytes of a stream; `was_cut` tells whether there were more."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.file = file
        self.left = limit
        self.was_cut = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self.left)
        if not wanted:
            self.was_cut = self.was_cut or bool(self.file.read(1))
            return 0
        chunk = self.file.read(wanted)
        self.left -= len(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)
