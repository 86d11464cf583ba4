"""The files of the source tree, and C text without its comments and strings."""
import os
import re

SKIPPED = {'node_modules', 'python_modules', 'packages', '__pycache__', '.git', 'subprojects'}
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))


def files(*folders, suffixes=('.c', '.h')):
    """Paths relative to the root, sorted; `suffixes` None means every file."""
    found = []
    for folder in folders:
        for here, folders_below, names in os.walk(os.path.join(ROOT, folder)):
            folders_below[:] = sorted(
                f for f in folders_below if f not in SKIPPED and not f.startswith('build'))
            for name in sorted(names):
                if suffixes is None or name.endswith(suffixes):
                    found.append(os.path.relpath(os.path.join(here, name), ROOT))
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        return f.read()


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def bare(text, keep_strings=False):
    """`text` with comments (and strings) blanked; line numbers stay the same."""
    def blank(match):
        token = match.group(0)
        if keep_strings and token[0] in '"\'':
            return token
        if token[0] in '"\'':
            return token[0] + token[0]
        return re.sub(r'[^\n]', ' ', token)
    return TOKEN.sub(blank, text)


def functions(text):
    """(name, first line, number of lines, parameters) of each function, in the house style: the
    body's braces stand in the first column."""
    lines = bare(text).split('\n')
    start = None
    for number, line in enumerate(lines, 1):
        if line == '{':
            start = number
        elif line.startswith('}') and start is not None:
            head = start - 1
            while head > 1 and lines[head - 2].strip() and lines[head - 2][0] not in '};#/':
                head -= 1
            signature = ' '.join(lines[head - 1:start - 1])
            match = re.search(r'(\w+)\s*\((.*)\)', signature)
            if match and '=' not in signature.split('(')[0]:
                inside = re.sub(r'\([^()]*\)', '', match.group(2)).strip()
                count = 0 if inside in ('', 'void') else inside.count(',') + 1
                yield match.group(1), head, number - head + 1, count
            start = None


class Report:
    """Collects what is wrong; prints it and gives the exit code."""

    def __init__(self, name):
        self.name = name
        self.problems = []

    def wrong(self, where, what):
        self.problems.append(f'{where}: {what}')

    def done(self, looked_at):
        for problem in self.problems:
            print(problem)
        print(f'{self.name}: {looked_at}, {len(self.problems)} problems')
        return 1 if self.problems else 0
