#!/usr/bin/env python3
"""The C that guides show compiles, their links lead somewhere, and the names they use exist.

A block that begins with ```c is compiled. It is a whole file, or, when it includes nothing, goes on
where the block before it on the same page ended. Argument: the build's include folder."""
import os
import re
import sys

import snippets

sys.path.insert(0, os.path.join(snippets.ROOT, 'tests', 'checks'))
import public  # noqa: E402

BLOCK = re.compile(r'^```(\w*)[^\n]*\n(.*?)^```$', re.M | re.S)
LINK = re.compile(r'\]\(([^)#\s]+)(?:#[^)]*)?\)')


def markdown():
    found = [os.path.join(snippets.ROOT, 'README.md')]
    for here, _, names in os.walk(os.path.join(snippets.ROOT, 'doc')):
        found += [os.path.join(here, n) for n in names if n.endswith('.md')]
    return sorted(p for p in found if os.path.exists(p))


def compile_blocks(compiler, name, text):
    whole = ''
    for language, body in BLOCK.findall(text):
        if language != 'c':
            continue
        whole = body if '#include' in body else whole + '\n' + body
        compiler.check(f'{name} block {compiler.count + 1}', whole)


def check_links(problems, path, text):
    plain = BLOCK.sub('', text)
    for target in LINK.findall(plain):
        if '://' in target:
            continue
        if not os.path.exists(os.path.join(os.path.dirname(path), target)):
            problems.append(f'{os.path.relpath(path, snippets.ROOT)}: no such file: {target}')


def check_names(problems, path, text, declared, known):
    for name in sorted(set(re.findall(r'\b(aigne_\w+)\s*\(', text))):
        if name not in declared:
            problems.append(f'{os.path.relpath(path, snippets.ROOT)}: {name} does not exist')
    for name in sorted(set(re.findall(r'`((?:lib|tests|examples|doc|include)/[\w./-]+)`', text))):
        if 'NAME' not in name and not os.path.exists(os.path.join(snippets.ROOT, name.rstrip('/'))):
            problems.append(f'{os.path.relpath(path, snippets.ROOT)}: no such file: {name}')
    for name in sorted(set(re.findall(r'\b(AIGNE_[A-Z_]*[A-Z])\b', text)) - known):
        if not name.startswith(('AIGNE_HUB_', 'AIGNE_API_', 'AIGNE_TEST_')):  # environment
            problems.append(f'{os.path.relpath(path, snippets.ROOT)}: {name} does not exist')


def main():
    declared = set(public.of_headers())
    known = set()
    for name in ('aignehub.h', 'gateway.h', 'version.h.in'):
        with open(os.path.join(snippets.ROOT, 'include', 'aignehub', name), encoding='utf-8') as f:
            known |= set(re.findall(r'\b(AIGNE_[A-Z_]*[A-Z])\b', f.read()))
    with snippets.workshop() as work:
        compiler = snippets.Compiler(os.path.abspath(sys.argv[1]), work)
        pages = markdown()
        for path in pages:
            with open(path, encoding='utf-8') as f:
                text = f.read()
            compile_blocks(compiler, os.path.relpath(path, snippets.ROOT), text)
            check_links(compiler.problems, path, text)
            check_names(compiler.problems, path, text, declared, known)
        return compiler.report(f'{len(pages)} documents')


if __name__ == '__main__':
    sys.exit(main())
