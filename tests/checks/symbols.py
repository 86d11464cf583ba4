#!/usr/bin/env python3
"""One list of public functions: headers = lib/aignehub.sym = shared library = static library = pages.

Arguments: paths of built libraries (.so or .a) and of a folder of manual pages; each is optional."""
import os
import sys

import public
import tree


def compare(report, what, found, expected):
    for name in sorted(set(expected) - set(found)):
        report.wrong(what, f'{name} is missing')
    for name in sorted(set(found) - set(expected)):
        report.wrong(what, f'{name} is not in the public headers')


def main():
    report = tree.Report('symbols')
    declared = public.of_headers()
    for name in {n for n in declared if declared.count(n) > 1}:
        report.wrong('include', f'{name} is declared twice')
    nodes = public.of_symbol_list(tree.read('lib/aignehub.sym'))
    listed = {name: node for node, names in nodes.items() for name in names}
    compare(report, 'lib/aignehub.sym', listed, declared)
    for path in sys.argv[1:]:
        if os.path.isdir(path):
            pages = {n[:-2] for n in os.listdir(path) if n.endswith('.3')}
            for name in sorted(set(declared) - pages):
                report.wrong(path, f'{name} has no manual page')
        elif path.endswith('.a'):
            compare(report, path, public.of_archive(path), declared)
        else:
            exported = public.of_library(path)
            compare(report, path, exported, declared)
            for name, node in sorted(exported.items()):
                if name in listed and node != listed[name]:
                    report.wrong(path, f'{name} is in version "{node}", not {listed[name]}')
    return report.done(f'{len(declared)} functions in {2 + len(sys.argv[1:])} lists')


if __name__ == '__main__':
    sys.exit(main())
