# SPDX-License-Identifier: MIT
"""Run what a page of doc/ shows.

A page marks its fenced blocks by a comment in the line before:

    <!-- file: NAME -->      the block is that file
    <!-- commands: NAME -->  shell commands, run together; they must succeed
    <!-- session -->         "$ " begins a command ("> " continues it), the lines
                             below it are its output.  "..." stands for any text
                             within a line; alone on a line, for any lines.

All of a page is run in one directory and by one shell, in the order of the page.
"""
import os
import re
import subprocess
import threading

MARK = re.compile(r"<!-- (file|commands|session|output)(?:: *(.*?))? *-->$")
END = "--end-of-command--"


def blocks(path):
    """(kind, argument, [line...], line number) of each marked block."""
    with open(path, encoding="utf-8") as fd:
        lines = fd.read().split("\n")
    i = 0
    while i < len(lines):
        m = MARK.match(lines[i])
        i += 1
        if not m:
            continue
        while i < len(lines) and not lines[i].strip():
            i += 1
        if i == len(lines) or not lines[i].startswith("```"):
            raise SyntaxError(f"{path}:{i}: no block after {m.group(0)}")
        start = i + 1
        i = start
        while not lines[i].startswith("```"):
            i += 1
        yield m.group(1), m.group(2) or "", lines[start:i], start + 1


def commands(lines):
    """[(command, [expected line...])...] of a session."""
    out = []
    for line in lines:
        if line.startswith("$ "):
            out.append((line[2:], []))
        elif line.startswith("> ") and out and not out[-1][1]:
            out[-1] = (out[-1][0] + "\n" + line[2:], [])
        elif out:
            out[-1][1].append(line)
        else:
            raise SyntaxError(f"output before any command: {line}")
    return out


def fits(want, got):
    """Is the output `got` what the page shows?"""
    parts = []
    for line in want:
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*?".join(map(re.escape, line.split("..."))) + r"\n")
    return re.fullmatch("".join(parts), "".join(x + "\n" for x in got)) is not None


class Shell:
    def __init__(self, folder, env):
        self.sh = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", start_new_session=True)

    def run(self, command, seconds=120):
        """(status, [line...]); status None: it took too long."""
        timer = threading.Timer(seconds, self.kill)
        timer.start()
        lines, status = [], None
        try:
            self.sh.stdin.write(f"{{\n{command}\n}} </dev/null\n"
                                f"echo; echo {END} $?\n")
            self.sh.stdin.flush()
            for line in self.sh.stdout:
                line = line.rstrip("\n")
                if line.startswith(END):
                    status = int(line.split()[-1])
                    break
                lines.append(line)
        except BrokenPipeError:
            pass
        timer.cancel()
        if lines and lines[-1] == "":  # echo's, after a last line that is ended
            lines.pop()
        return status, lines

    def kill(self):
        os.killpg(self.sh.pid, 9)

    def close(self):
        try:
            self.kill()
        except ProcessLookupError:
            pass
        self.sh.wait()


def run(path, folder, env, passed, failed):
    """Run the page; passed() for each command, failed(text) for each that differs."""
    shell = Shell(folder, env)
    name = os.path.relpath(path)
    try:
        for kind, arg, lines, number in blocks(path):
            if kind == "file":
                with open(os.path.join(folder, arg), "w", encoding="utf-8") as fd:
                    fd.write("\n".join(lines) + "\n")
            elif kind == "commands":
                status, got = shell.run("set -e\n" + "\n".join(lines) + "\nset +e", 600)
                if status:
                    failed(f"{name}:{number}: status {status}:\n" + "\n".join(got))
                else:
                    passed()
            elif kind == "session":
                for command, want in commands(lines):
                    status, got = shell.run(command)
                    if status is None:
                        failed(f"{name}:{number}: too slow, or the shell has ended: "
                               f"{command}\n" + "\n".join(got))
                        return
                    if fits(want, got):
                        passed()
                    else:
                        failed(f"{name}:{number}: $ {command}\n  printed\n    "
                               + "\n    ".join(got) + "\n  and not\n    "
                               + "\n    ".join(want))
    finally:
        shell.close()
