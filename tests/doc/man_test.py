#!/usr/bin/env python3
"""Every public function has its manual page; SYNOPSIS and EXAMPLE compile; mandoc finds no fault.

Arguments: the build's include folder, the folder of built pages."""
import glob
import os
import re
import shutil
import subprocess
import sys

import snippets

sys.path.insert(0, os.path.join(snippets.ROOT, 'doc', 'man'))
import header  # noqa: E402  (doc/man is not a package)

SECTIONS = ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'THREADS', 'OWNERSHIP', 'EXAMPLE', 'SEE ALSO']


def check_page(compiler, item, page):
    for name in SECTIONS if item.is_function else ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'SEE ALSO']:
        if not re.search(rf'^\.SH {name}$', page, re.M):
            compiler.problems.append(f'{item.name}(3) has no {name}')
    synopsis = snippets.section(page, 'SYNOPSIS') or ''
    if item.name not in synopsis:
        compiler.problems.append(f'{item.name}(3) does not show how it is declared')
    if re.search(r'^(enum|typedef struct)', item.declaration):  # cannot be declared twice
        synopsis = re.sub(r'#include <aignehub/.*', '#include <stddef.h>\n#include <stdint.h>',
                          synopsis)
    compiler.check(f'{item.name}(3) SYNOPSIS', synopsis)
    example = snippets.section(page, 'EXAMPLE')
    if example:
        if item.is_function and not re.search(rf'\b{item.name}\s*\(', example):
            compiler.problems.append(f'{item.name}(3) EXAMPLE does not use it')
        compiler.check(f'{item.name}(3) EXAMPLE', example)


def check_references(pages, problems):
    """A page that is referred to must exist."""
    names = {os.path.basename(p) for p in pages}
    for path in pages:
        with open(path, encoding='utf-8') as f:
            text = re.sub(r'\\f[BRI]', '', f.read()).replace('\\-', '-')
        for name, number in re.findall(r'\b(aigne[\w-]*) ?\((\d)\)', text):
            if f'{name}.{number}' not in names:
                problems.append(f'{os.path.basename(path)}: refers to {name}({number})')


def check_flags(problems):
    """Every flag of the hub server is in its page, and the page invents none."""
    settings = os.path.join(snippets.ROOT, 'examples', 'hub', 'settings.c')
    if not os.path.exists(settings):
        return
    with open(settings, encoding='utf-8') as f:
        there = set(re.findall(r'\{"\w+", "(--[a-z-]+)"', f.read()))
    with open(os.path.join(snippets.ROOT, 'doc', 'man', 'aigne-hub.1'), encoding='utf-8') as f:
        shown = set(re.findall(r'--[a-z]+(?:-[a-z]+)*', f.read().replace('\\-', '-')))
    for flag in sorted(there - shown):
        problems.append(f'aigne-hub(1) does not explain {flag}')
    for flag in sorted(shown - there):
        problems.append(f'aigne-hub(1) explains {flag}, which does not exist')


def main():
    folder = sys.argv[2]
    pages = sorted(glob.glob(os.path.join(folder, '*.[1357]')) +
                   glob.glob(os.path.join(snippets.ROOT, 'doc', 'man', '*.[1357]')))
    with snippets.workshop() as work:
        compiler = snippets.Compiler(os.path.abspath(sys.argv[1]), work)
        compiler.problems += header.undocumented()
        for item in header.items():
            with open(os.path.join(folder, f'{item.name}.3'), encoding='utf-8') as f:
                check_page(compiler, item, f.read())
        check_references(pages, compiler.problems)
        check_flags(compiler.problems)
        if shutil.which('mandoc'):
            lint = subprocess.run(['mandoc', '-Tlint', *pages], text=True, capture_output=True)
            compiler.problems += [line for line in lint.stdout.split('\n') if line]
        else:
            print('mandoc is not installed: the pages are not linted')
        return compiler.report(f'{len(pages)} manual pages')


if __name__ == '__main__':
    sys.exit(main())
