#!/usr/bin/env python3
"""Counts one run's results by suite: prints a line for each, and writes "passed failed" to a file.

    tally.py LABEL TESTLOG.json TALLY"""
import json
import sys

PASSED = {'OK', 'EXPECTEDFAIL'}


def read(path):
    try:
        with open(path, encoding='utf-8') as f:
            return [json.loads(line) for line in f if line.strip()]
    except FileNotFoundError:
        return [{'name': 'tests / none of them ran', 'result': 'ERROR'}]


def main(label, log, tally):
    suites = {}
    for test in read(log):
        names, _, name = test['name'].rpartition(' / ')
        suite = names.split(':')[-1].split('+')[0] or 'others'
        counts = suites.setdefault(suite, {'passed': 0, 'failed': 0, 'skipped': 0, 'names': []})
        if test['result'] in PASSED:
            counts['passed'] += 1
        elif test['result'] == 'SKIP':
            counts['skipped'] += 1
        else:
            counts['failed'] += 1
            counts['names'].append(f'{name} ({test["result"].lower()})')
    passed = failed = 0
    for suite, counts in sorted(suites.items()):
        passed += counts['passed']
        failed += counts['failed']
        words = [f'{counts["passed"]} ok']
        words += [f'{counts[kind]} {kind}' for kind in ('failed', 'skipped') if counts[kind]]
        print(f'  {label:<10} {suite:<10} {", ".join(words)}'
              + (': ' + ', '.join(counts['names']) if counts['names'] else ''))
    with open(tally, 'a', encoding='utf-8') as f:
        f.write(f'{passed} {failed}\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
