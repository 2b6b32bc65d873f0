"""The commands every simulated container has, as far as clients and tests use them."""

from __future__ import annotations

import io
import math
import tarfile
import time

from kfast.node.simulation.process import Process, Program


async def _true(_: Process) -> int:
    return 0


async def _false(_: Process) -> int:
    return 1


async def _echo(process: Process) -> int:
    words = process.arguments
    newline = words[:1] != ("-n",)
    await process.write(" ".join(words if newline else words[1:]) + "\n" * newline)
    return 0


async def _cat(process: Process) -> int:
    code = 0
    for name in process.arguments or ("-",):
        if name == "-":
            while data := await process.read():
                await process.write(data)
            continue
        try:
            await process.write(process.files.read(process.files.path(name)))
        except OSError as error:
            code = await process.fail(str(error))
    return code


async def _tee(process: Process) -> int:
    append = process.arguments[:1] == ("-a",)
    kept = []
    while data := await process.read():
        await process.write(data)
        kept.append(data)
    code = 0
    for name in process.arguments[append:]:
        try:
            process.files.write(process.files.path(name), b"".join(kept), append=append)
        except OSError as error:
            code = await process.fail(str(error))
    return code


async def _environment(process: Process) -> int:
    names = process.arguments
    if names:
        for name in names:
            if name not in process.environment:
                return 1
            await process.write(f"{process.environment[name]}\n")
        return 0
    await process.write("".join(f"{name}={value}\n" for name, value in process.environment.items()))
    return 0


async def _hostname(process: Process) -> int:
    await process.write(process.environment["HOSTNAME"] + "\n")
    return 0


async def _date(process: Process) -> int:
    await process.write(time.strftime("%a %b %e %H:%M:%S UTC %Y\n", time.gmtime(process.clock.now())))
    return 0


async def _identity(process: Process) -> int:
    await process.write("root\n" if process.command[0] == "whoami" else "uid=0(root) gid=0(root) groups=0(root)\n")
    return 0


async def _pwd(process: Process) -> int:
    await process.write("/\n")
    return 0


async def _sleep(process: Process) -> int:
    try:
        seconds = float(process.arguments[0]) if process.arguments[0] != "infinity" else math.inf
    except (IndexError, ValueError):
        return await process.fail("invalid time interval")
    await process.clock.sleep(min(seconds, 1e9))
    return 0


async def _ls(process: Process) -> int:
    code, files = 0, process.files
    for name in [word for word in process.arguments if not word.startswith("-")] or ["/"]:
        path = files.path(name)
        if files.is_directory(path):
            await process.write("".join(f"{found}\n" for found in files.names(path)))
        elif files.is_file(path):
            await process.write(f"{name}\n")
        else:
            code = await process.fail(f"{name}: No such file or directory")
    return code


async def _mkdir(process: Process) -> int:
    try:
        for name in process.arguments:
            if not name.startswith("-"):
                process.files.make_directory(process.files.path(name))
    except OSError as error:
        return await process.fail(str(error))
    return 0


async def _touch(process: Process) -> int:
    try:
        for name in process.arguments:
            process.files.write(process.files.path(name), b"", append=True)
    except OSError as error:
        return await process.fail(str(error))
    return 0


async def _rm(process: Process) -> int:
    force = any(word.startswith("-") and "f" in word for word in process.arguments)
    for name in process.arguments:
        if not name.startswith("-"):
            try:
                process.files.remove(process.files.path(name))
            except OSError as error:
                if not force:
                    return await process.fail(str(error))
    return 0


async def _test(process: Process) -> int:
    words = process.arguments[:-1] if process.command[0] == "[" else process.arguments
    match words:
        case ("-d", name):
            holds = process.files.is_directory(process.files.path(name))
        case ("-f", name):
            holds = process.files.is_file(process.files.path(name))
        case ("-e", name):
            path = process.files.path(name)
            holds = process.files.is_file(path) or process.files.is_directory(path)
        case ("-n", text) | (text,):
            holds = bool(text)
        case ("-z", text):
            holds = not text
        case (left, "=" | "==", right):
            holds = left == right
        case (left, "!=", right):
            holds = left != right
        case _:
            return await process.fail("unknown operand", 2)
    return not holds


async def _tar(process: Process) -> int:
    """Packs to stdout and unpacks from stdin: `tar cf - path...`, `tar xf - [-C directory]`."""
    words = list(process.arguments)
    directory = "/"
    if "-C" in words:
        at = words.index("-C")
        directory = process.files.path(words[at + 1]) if at + 1 < len(words) else "/"
        del words[at : at + 2]
    options, names = (words[0] if words else "", [w for w in words[1:] if w != "-" and not w.startswith("-")])
    if "x" in options:
        return await _unpack(process, directory)
    if "c" in options:
        return await _pack(process, directory, names)
    return await process.fail("only c and x are known here", 2)


async def _pack(process: Process, directory: str, names: list[str]) -> int:
    files, packed, code = process.files, io.BytesIO(), 0
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in names:
            path = files.path(name, directory)
            if not files.is_file(path) and not files.is_directory(path):
                code = await process.fail(f"{name}: Cannot stat: No such file or directory", 2)
                continue
            for found in (path, *(files.below(path) if files.is_directory(path) else ())):
                member = tarfile.TarInfo((name + found[len(path) :]).lstrip("/"))
                member.mtime = int(process.clock.now())
                if files.is_directory(found):
                    member.type, member.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(member)
                else:
                    data = files.read(found)
                    member.size = len(data)
                    archive.addfile(member, io.BytesIO(data))
    await process.write(packed.getvalue())
    return code


async def _unpack(process: Process, directory: str) -> int:
    data = await process.read_all()
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                path = process.files.path(member.name.lstrip("/"), directory)
                if member.isdir():
                    process.files.make_directory(path)
                elif (content := archive.extractfile(member)) is not None:
                    process.files.make_directory(process.files.path("..", path))
                    process.files.write(path, content.read())
    except (OSError, tarfile.TarError) as error:
        return await process.fail(str(error), 2)
    return 0


TOOLS: dict[str, Program] = {
    "[": _test,
    "cat": _cat,
    "date": _date,
    "echo": _echo,
    "env": _environment,
    "false": _false,
    "hostname": _hostname,
    "id": _identity,
    "ls": _ls,
    "mkdir": _mkdir,
    "printenv": _environment,
    "pwd": _pwd,
    "rm": _rm,
    "sleep": _sleep,
    "tar": _tar,
    "tee": _tee,
    "test": _test,
    "touch": _touch,
    "true": _true,
    "whoami": _identity,
}
