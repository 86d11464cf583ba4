"""Compiling pieces of C that documents show."""
import os
import re
import shutil
import subprocess
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
FLAGS = ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Werror']


def unroff(line):
    """A line of a literal block as the reader sees it."""
    line = re.sub(r'^\\&', '', line)
    return line.replace('\\-', '-').replace('\\e', '\\')


def section(page, name):
    """The literal lines of one section of a manual page; None: it has no such section."""
    match = re.search(rf'^\.SH {name}\n\.nf\n(.*?)^\.fi', page, re.M | re.S)
    if not match:
        return None
    return '\n'.join(unroff(line) for line in match.group(1).split('\n'))


class Compiler:
    """Compiles snippets against the public headers; keeps count and the first complaints."""

    def __init__(self, build_include, folder):
        self.includes = ['-I' + os.path.join(ROOT, 'include'), '-I' + build_include]
        self.folder = folder
        self.tools = [t for t in ('gcc', 'clang-14') if shutil.which(t)] or ['cc']
        self.count = 0
        self.problems = []

    def check(self, where, source):
        path = os.path.join(self.folder, 'snippet.c')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(source)
        self.count += 1
        for tool in self.tools:
            done = subprocess.run([tool, *FLAGS, *self.includes, '-c', path, '-o',
                                   os.path.join(self.folder, 'snippet.o')], text=True,
                                  capture_output=True)
            if done.returncode:
                self.problems.append(f'{where}: does not compile with {tool}\n{done.stderr}')

    def report(self, name):
        for problem in self.problems:
            print(problem)
        print(f'{name}: {self.count} snippets compiled, {len(self.problems)} problems')
        return 1 if self.problems else 0


def workshop():
    return tempfile.TemporaryDirectory(prefix='aignehub-doc-')
