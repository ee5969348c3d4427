"""Power cuts without a power switch: what a process writes is recorded call by call with strace, and every state that a file
system may leave behind is built from the record.

Content that was not synced may be missing, or be there as zeros; a name that was made, changed or removed in a folder that was
not synced may be missing too, whatever came later. What was synced is there.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,close,write,pwrite64,writev,lseek,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,"
    "rmdir,dup,dup2,dup3,fcntl,copy_file_range,sendfile"
)
MOST_ALONE = 16
"""Pending operations of which each is tried alone, and left out alone; of more, the last ones."""
LINE = re.compile(rb"^(\d+)\s+(.*)$")
CALL = re.compile(rb"^(\w+)\((.*)\)\s+= (-?\d+)")
STRING = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')


def usable() -> bool:
    """Tells whether strace is installed and may look at a process here."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0


@dataclass
class Data:
    """Bytes of a file from ``at`` on; ``content`` None cuts the file there."""

    inode: int
    at: int
    content: bytes | None


@dataclass
class Names:
    """Entries of folders that change at once: (folder, name) is the inode, or nothing."""

    entries: dict[tuple[int, str], int | None]


@dataclass
class Sync:
    """Everything before it on ``inode``, the content of a file or the names in a folder, is on the disk."""

    inode: int


@dataclass
class Said:
    """The process told the world of something: from here on it must be true."""

    what: str


Operation = Data | Names | Sync | Said


@dataclass
class Disk:
    """Files and folders by inode; 0 is the folder that was recorded. ``are_folders`` is known of every inode there ever was."""

    files: dict[int, bytearray] = field(default_factory=dict)
    folders: dict[int, dict[str, int]] = field(default_factory=lambda: {0: {}})
    are_folders: set[int] = field(default_factory=set)

    def inode(self, path: Path) -> int | None:
        found: int | None = 0
        for part in path.parts:
            found = self.folders.get(found, {}).get(part) if found is not None else None
        return found

    def add(self, *, folder: bool) -> int:
        number = max([*self.files, *self.folders]) + 1
        if folder:
            self.are_folders.add(number)
            self.folders[number] = {}
        else:
            self.files[number] = bytearray()
        return number

    def copy(self) -> Disk:
        files = {number: bytearray(content) for number, content in self.files.items()}
        return Disk(files, {number: dict(names) for number, names in self.folders.items()}, self.are_folders)

    def apply(self, operation: Operation, *, zeros: bool = False) -> None:
        if isinstance(operation, Data):
            content = self.files.setdefault(operation.inode, bytearray())
            if operation.content is None:
                del content[operation.at :]
                content.extend(bytes(operation.at - len(content)))
                return
            content.extend(bytes(max(operation.at - len(content), 0)))
            written = bytes(len(operation.content)) if zeros else operation.content
            content[operation.at : operation.at + len(written)] = written
        elif isinstance(operation, Names):
            for (folder, name), inode in operation.entries.items():
                if inode is None:
                    self.folders.setdefault(folder, {}).pop(name, None)
                else:
                    self.folders.setdefault(folder, {})[name] = inode

    def lay_out(self, place: Path, folder: int = 0) -> None:
        place.mkdir()
        for name, inode in self.folders.get(folder, {}).items():
            if inode in self.are_folders:
                self.lay_out(place / name, inode)
            else:
                (place / name).write_bytes(self.files.get(inode, b""))

    def digest(self) -> bytes:
        digest = hashlib.sha256()

        def walk(folder: int, path: str) -> None:
            for name, inode in sorted(self.folders.get(folder, {}).items()):
                digest.update(f"{path}/{name}:".encode())
                if inode in self.are_folders:
                    walk(inode, f"{path}/{name}")
                else:
                    digest.update(bytes(self.files.get(inode, b"")) + b";")

        walk(0, "")
        return digest.digest()


@dataclass
class Record:
    """The disk as it was at the beginning, and what happened below ``root`` from then on, in order."""

    before: Disk
    happened: list[Operation]

    def states(self) -> Iterator[tuple[set[str], Disk]]:
        """Gives what had been told by each moment, and every disk that a power cut then may leave."""
        durable, pending = self.before.copy(), list[Data | Names]()
        told: set[str] = set()
        seen: set[tuple[bytes, int]] = set()
        for operation in self.happened:
            if isinstance(operation, Said):
                told = {*told, operation.what}
            elif isinstance(operation, Sync):
                synced = [one for one in pending if _concerns(one, operation.inode)]
                for one in synced:
                    durable.apply(one)
                pending = [one for one in pending if not any(one is other for other in synced)]
            else:
                pending.append(operation)
            for disk in _cuts(durable, pending):
                if (key := (disk.digest(), len(told))) not in seen:
                    seen.add(key)
                    yield told, disk


def _concerns(operation: Data | Names, inode: int) -> bool:
    if isinstance(operation, Data):
        return operation.inode == inode
    return any(folder == inode for folder, _ in operation.entries)


def _cuts(durable: Disk, pending: list[Data | Names]) -> Iterator[Disk]:
    data = [isinstance(one, Data) for one in pending]
    yield _after(durable, pending, [True] * len(pending))
    yield _after(durable, pending, [False] * len(pending))
    yield _after(durable, pending, data)
    yield _after(durable, pending, [not is_data for is_data in data])
    yield _after(durable, pending, [True] * len(pending), zeros=True)
    for alone in range(max(len(pending) - MOST_ALONE, 0), len(pending)):
        yield _after(durable, pending, [place == alone for place in range(len(pending))])
        yield _after(durable, pending, [place != alone for place in range(len(pending))])
        yield _after(durable, pending, [place <= alone for place in range(len(pending))])


def _after(durable: Disk, pending: list[Data | Names], kept: list[bool], *, zeros: bool = False) -> Disk:
    disk = durable.copy()
    for one, stays in zip(pending, kept, strict=True):
        if stays:
            disk.apply(one, zeros=zeros)
    return disk


def record(script: str, root: Path, log: Path) -> Record:
    """Runs the Python ``script`` with ``root`` as its argument and the file ``root.told`` as its second: what it writes there is
    told to the world. SQLite's -shm is no part of the record: it is made anew from the log."""
    reader = _Reader(root)
    told = root.with_name(f"{root.name}.told")
    told.touch()
    command = [
        "strace",
        "-f",
        "-qq",
        "-xx",
        "-s",
        "100000000",
        "-e",
        f"trace={CALLS}",
        "-e",
        "signal=none",
        "-o",
        str(log),
    ]
    subprocess.run([*command, sys.executable, "-c", script, str(root), str(told)], check=True, env=os.environ)
    with log.open("rb") as lines:
        for line in _whole_lines(lines):
            reader.read(line, told)
    return Record(reader.before, reader.happened)


def _whole_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Each call as one line, when it returns: strace cuts one in two where another thread comes between."""
    begun: dict[bytes, bytes] = {}
    for line in lines:
        if (found := LINE.match(line.rstrip(b"\n"))) is None:
            continue
        process, rest = found.groups()
        if rest.endswith(b"<unfinished ...>"):
            begun[process] = rest.removesuffix(b"<unfinished ...>")
        elif rest.startswith(b"<... "):
            yield begun.pop(process, b"") + rest.partition(b" resumed>")[2]
        else:
            yield rest


@dataclass
class _Open:
    inode: int | None
    path: Path
    at: int = 0
    append: bool = False


class _Reader:
    """Keeps the disk as the calls make it, and notes what they do below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root, self.open = root, dict[int, _Open]()
        self.happened: list[Operation] = []
        self.disk = Disk()
        self._take_in(root, 0)
        self.before = self.disk.copy()

    def _take_in(self, place: Path, folder: int) -> None:
        for path in sorted(place.iterdir()):
            number = self.disk.add(folder=path.is_dir())
            self.disk.folders[folder][path.name] = number
            if path.is_dir():
                self._take_in(path, number)
            else:
                self.disk.files[number] = bytearray(path.read_bytes())

    def read(self, line: bytes, told: Path) -> None:
        if (found := CALL.match(line)) is None:
            return
        name, said, result = found[1].decode(), found[2], int(found[3])
        if result < 0:
            return
        strings = [bytes.fromhex(text.replace(b"\\x", b"").decode()) for text in STRING.findall(said)]
        handle = int(said.split(b",")[0]) if said.split(b",")[0].isdigit() else -1
        if name == "openat":
            self._opened(Path(os.fsdecode(strings[0])), said, result)
        elif name in ("dup", "dup2", "dup3") or (name == "fcntl" and b"F_DUPFD" in said):
            if handle in self.open:
                self.open[result] = self.open[handle]
        elif name == "close":
            self.open.pop(handle, None)
        elif name in ("rename", "renameat", "renameat2"):
            self._renamed(*(Path(os.fsdecode(text)) for text in strings))
        elif name in ("unlink", "rmdir"):
            self._named(Path(os.fsdecode(strings[0])), None)
        elif name == "unlinkat":
            above = self.open[handle].path if handle in self.open else Path()
            self._named(above / os.fsdecode(strings[0]), None)
        elif name in ("mkdir", "mkdirat"):
            path = Path(os.fsdecode(strings[0]))
            if self._below(path) is not None:
                self._named(path, self.disk.add(folder=True))
        elif handle in self.open:
            self._used(name, self.open[handle], said, strings, result, told)
            if name in ("copy_file_range", "sendfile"):
                raise NotImplementedError(name)

    def _used(self, name: str, file: _Open, said: bytes, strings: list[bytes], result: int, told: Path) -> None:
        if name in ("fsync", "fdatasync"):
            if file.inode is not None:
                self.happened.append(Sync(file.inode))
        elif name == "lseek":
            file.at = result
        elif name == "ftruncate":
            self._do(Data(file.inode, int(said.split(b",")[1]), None) if file.inode is not None else None)
        elif name in ("write", "writev", "pwrite64"):
            content = b"".join(strings)[:result]
            if file.path == told:
                self.happened.append(Said(content.decode()))
            if file.inode is None:
                return
            if file.append:
                file.at = len(self.disk.files[file.inode])
            at = int(said.rsplit(b",", 1)[1]) if name == "pwrite64" else file.at
            self._do(Data(file.inode, at, content))
            file.at = file.at if name == "pwrite64" else at + result

    def _opened(self, path: Path, said: bytes, handle: int) -> None:
        below = self._below(path)
        inode = self.disk.inode(below) if below is not None else None
        if below is not None and inode is None and b"O_CREAT" in said:
            inode = self.disk.add(folder=False)
            self._named(path, inode)
        if inode in self.disk.files and b"O_TRUNC" in said and self.disk.files[inode]:
            self._do(Data(inode, 0, None))
        self.open[handle] = _Open(inode, path, append=b"O_APPEND" in said)

    def _renamed(self, source: Path, target: Path) -> None:
        old, new = self._below(source), self._below(target)
        if old is None or new is None or (inode := self.disk.inode(old)) is None:
            return
        entries: dict[tuple[int, str], int | None] = {self._entry(old): None}
        entries[self._entry(new)] = inode
        self._do(Names(entries))

    def _named(self, path: Path, inode: int | None) -> None:
        if (below := self._below(path)) is not None:
            self._do(Names({self._entry(below): inode}))

    def _entry(self, below: Path) -> tuple[int, str]:
        folder = self.disk.inode(below.parent)
        assert folder is not None, below
        return folder, below.name

    def _below(self, path: Path) -> Path | None:
        """``path`` from the root on; nothing for what is elsewhere, and for what SQLite shares in memory."""
        if not path.is_relative_to(self.root) or path.name.endswith("-shm"):
            return None
        return path.relative_to(self.root)

    def _do(self, operation: Data | Names | None) -> None:
        if operation is not None:
            self.disk.apply(operation)
            self.happened.append(operation)
