"""A small shell: words and quotes, $NAME and $?, `;`, `&&`, `||`, `|`, `<`, `>`, `>>`, and a prompt on a terminal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import replace

from kfast.node.simulation.process import Pipe, Process

Start = Callable[[Process], Awaitable[int]]
"""Runs any command; 127 if there is none of that name."""

NAMES = frozenset({"sh", "bash", "ash"})
_VARIABLE = re.compile(r"\$(\?|[A-Za-z_]\w*|\{[A-Za-z_]\w*\})")
_SEPARATORS = frozenset({";", "&&", "||", "\n", "&"})
_END_OF_INPUT, _DELETE, _BACKSPACE = 4, 127, 8
_PROMPT = b"# "


class _ExitError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Shell:
    """`sh`, `sh -c text`, `sh` on a terminal. `start` runs what is no builtin."""

    def __init__(self, process: Process, start: Start) -> None:
        self._process = process
        self._start = start
        self._code = 0

    async def run(self) -> int:
        """The exit code of the last command."""
        words = self._process.arguments
        try:
            if words[:1] and words[0].startswith("-") and words[0].endswith("c") and len(words) > 1:
                await self._text(words[1])
            elif self._process.console.tty:
                await self._terminal()
            else:
                await self._lines()
        except _ExitError as end:
            return end.code
        return self._code

    async def _lines(self) -> None:
        """Each line of stdin as it comes."""
        text = b""
        while data := await self._process.read():
            *lines, text = (text + data).split(b"\n")
            for line in lines:
                await self._text(line.decode("utf-8", "replace"))
        await self._text(text.decode("utf-8", "replace"))

    async def _terminal(self) -> None:
        """Shows a prompt and what is typed."""
        line = bytearray()
        await self._process.write(_PROMPT)
        while data := await self._process.read():
            for byte in data:
                if byte in b"\r\n":
                    await self._process.write(b"\r\n")
                    await self._text(line.decode("utf-8", "replace"))
                    line.clear()
                    await self._process.write(_PROMPT)
                elif byte == _END_OF_INPUT and not line:
                    await self._process.write(b"\r\n")
                    return
                elif byte in (_DELETE, _BACKSPACE):
                    if line:
                        line.pop()
                        await self._process.write(b"\b \b")
                else:
                    line.append(byte)
                    await self._process.write(bytes((byte,)))

    async def _text(self, text: str) -> None:
        try:
            words = _words(text)
        except ValueError as error:
            self._code = await self._process.fail(f"syntax error: {error}", 2)
            return
        due, pipeline = True, list[str]()
        for word in (*words, ";"):
            if word not in _SEPARATORS:
                pipeline.append(word)
                continue
            if pipeline and due:
                await self._pipeline(pipeline)
            pipeline = []
            due = self._code == 0 if word == "&&" else self._code != 0 if word == "||" else True

    async def _pipeline(self, words: list[str]) -> None:
        """Commands one after the other: what one prints, the next reads."""
        commands: list[list[str]] = [[]]
        for word in words:
            if word == "|":
                commands.append([])
            else:
                commands[-1].append(word)
        process = self._process
        for number, command in enumerate(commands):
            last = number == len(commands) - 1
            out = Pipe()
            await self._command(command, process if last else process.with_streams(stdout=out))
            process = process.with_streams(stdin=Pipe(out.written))

    async def _command(self, words: list[str], process: Process) -> None:
        plain: list[str] = []
        target, append = "", False
        rest = iter(words)
        for word in rest:
            if word in ("<", ">", ">>"):
                path = process.files.path(self._expanded(next(rest, "")))
                if word == "<":
                    try:
                        process = process.with_streams(stdin=Pipe(process.files.read(path)))
                    except OSError as error:
                        self._code = await process.fail(str(error))
                        return
                else:
                    target, append = path, word == ">>"
            else:
                plain.append(self._expanded(word))
        if not target:
            self._code = await self._simple(plain, process)
            return
        out = Pipe()
        self._code = await self._simple(plain, process.with_streams(stdout=out))
        try:
            process.files.write(target, out.written, append=append)
        except OSError as error:
            self._code = await process.fail(str(error))

    async def _simple(self, words: list[str], process: Process) -> int:
        if not words:
            return 0
        name, _, value = words[0].partition("=")
        if value and name.isidentifier():
            self._process = replace(self._process, environment={**self._process.environment, name: value})
            return await self._simple(words[1:], replace(process, environment=self._process.environment))
        if words[0] == "exit":
            raise _ExitError(int(words[1]) & 0xFF if len(words) > 1 and words[1].isdigit() else self._code)
        return await self._start(process.running(tuple(words)))

    def _expanded(self, word: str) -> str:
        """Quotes removed, variables put in; in single quotes there are none."""
        if word.startswith("'") and word.endswith("'") and len(word) > 1:
            return word[1:-1]

        def value(match: re.Match[str]) -> str:
            name = match[1].strip("{}")
            return str(self._code) if name == "?" else self._process.environment.get(name, "")

        return _VARIABLE.sub(value, word.replace('"', "")).replace("'", "")


def _words(text: str) -> list[str]:
    """Words with their quotes, and operators. Raises ValueError."""
    lexer = shlex.shlex(text, posix=False, punctuation_chars=";&|<>\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = "#"
    return list(lexer)
