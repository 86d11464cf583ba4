#!/usr/bin/env python3
"""Includes point down only, and each outside library has one door. Rules: lib/layers.txt."""
import fnmatch
import re
import sys

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


class Rules:
    def __init__(self, text):
        self.rooms, self.doors, self.pure, self.system, self.examples = {}, {}, [], [], {}
        for number, line in enumerate(text.split('\n'), 1):
            line = line.split('#')[0].strip()
            if not line:
                continue
            head, _, tail = line.partition(':')
            kind, *names = head.split()
            if kind == 'room':
                self.rooms[names[0]] = set(tail.split())
            elif kind == 'door':
                self.doors[names[0]] = tail.split()
            elif kind == 'pure':
                self.pure.append((names, tail.split()))
            elif kind == 'system':
                self.system += tail.split()
            elif kind == 'example':
                self.examples[names[0]] = tail.split()
            else:
                sys.exit(f'lib/layers.txt:{number}: what is "{kind}"?')


def matches(header, patterns):
    """A pattern that ends in a slash stands for all headers below it."""
    return any(header.startswith(p) if p.endswith('/') else header == p for p in patterns)


def includes(path):
    text = tree.bare(tree.read(path), keep_strings=True)
    for match in INCLUDE.finditer(text):
        yield text.count('\n', 0, match.start(2)) + 1, match.group(1) == '"', match.group(2)


def judge_library(rules, file, quoted, header):
    """What is wrong with `file` (relative to lib/) including `header`; None: nothing."""
    room = file.split('/')[0]
    for files, forbidden in rules.pure:
        if any(fnmatch.fnmatch(file, f) for f in files) and matches(header, forbidden):
            return f'is pure, so it must not include {header}'
    if quoted:
        target = header.split('/')[0]
        if '/' not in header or target not in rules.rooms:
            return f'include "{header}" by its room: "room/file.h"'
        if target != room and target not in rules.rooms[room]:
            return f'{room} must not include {target} ({header})'
        return None
    if header.startswith('aignehub/'):
        return None
    for door, allowed in rules.doors.items():
        if matches(header, [door]):
            if any(fnmatch.fnmatch(file, a) for a in allowed):
                return None
            return f'<{header}> belongs in {", ".join(allowed)} only'
    if matches(header, rules.system):
        return None
    return f'<{header}> is unknown to lib/layers.txt'


def judge_example(rules, file, quoted, header):
    """Examples use the library as strangers do."""
    if quoted:
        return 'reaches into the library' if header.split('/')[0] in rules.rooms else None
    doors = [h for folder, headers in rules.examples.items() if file.startswith(folder)
             for h in headers]
    if matches(header, ['aignehub/'] + doors + rules.system) or '/' not in header and \
            header.endswith('.h') and not matches(header, rules.doors):
        return None
    return f'must not include <{header}>'


def main():
    rules = Rules(tree.read('lib/layers.txt'))
    report = tree.Report('layers')
    looked = 0
    for path in tree.files('lib', 'examples', suffixes=('.c', '.h', '.cpp', '.hpp')):
        top, _, file = path.partition('/')
        if top == 'lib' and file.split('/')[0] not in rules.rooms:
            report.wrong(path, 'is in no room of lib/layers.txt')
            continue
        looked += 1
        for line, quoted, header in includes(path):
            judge = judge_library if top == 'lib' else judge_example
            if top == 'examples' and path.endswith('pp') and '/' not in header and not quoted:
                continue  # the C++ library
            what = judge(rules, file, quoted, header)
            if what:
                report.wrong(f'{path}:{line}', what)
    return report.done(f'{looked} files')


if __name__ == '__main__':
    sys.exit(main())
