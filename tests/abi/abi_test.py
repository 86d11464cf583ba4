#!/usr/bin/env python3
"""The shared library still has the binary interface of the committed baseline.

    abi_test.py LIBRARY              compare; skipped (77) where abidiff is missing
    abi_test.py --refresh LIBRARY    write the baseline anew (see doc/internals/abi.md)

Adding is allowed; what is removed or changed breaks programs that were compiled before."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, '..', '..'))
BASELINE = os.path.join(HERE, 'aignehub-0.1.abi')
ADDED, CHANGED, REMOVED = 0, 4, 8  # bits of abidiff's exit code; 1 and 2 are errors


def describe(library, out):
    """What is public only; without locations and paths it says the same wherever it is made."""
    subprocess.run(['abidw', '--no-corpus-path', '--no-comp-dir-path', '--no-show-locs',
                    '--exported-interfaces-only', '--headers-dir', os.path.join(ROOT, 'include'),
                    '--drop-private-types', '--out-file', out, library], check=True)
    with open(out, encoding='utf-8') as f:
        text = f.read()
    with open(out, 'w', encoding='utf-8') as f:
        f.write(re.sub(r" path='[^']*/(lib|include)/", r" path='\1/", text))


def compare(library):
    with tempfile.TemporaryDirectory() as work:
        now = os.path.join(work, 'now.abi')
        describe(library, now)
        done = subprocess.run(['abidiff', '--no-added-syms', BASELINE, now], text=True,
                              capture_output=True)
    print(done.stdout + done.stderr, end='')
    if done.returncode & 3:
        return 1
    if done.returncode & (CHANGED | REMOVED):
        print('The binary interface changed. If no release has it yet, refresh the baseline; else '
              'the soname must change: see doc/internals/abi.md.')
        return 1
    print('abi: as in the baseline')
    return 0


def main(arguments):
    if not shutil.which('abidiff') or not shutil.which('abidw'):
        print('skipped: abigail-tools is not installed')
        return 77
    if arguments[0] == '--refresh':
        describe(arguments[1], BASELINE)
        print(f'wrote {os.path.relpath(BASELINE, ROOT)}')
        return 0
    if not os.path.exists(BASELINE):
        print('there is no baseline; make one with --refresh')
        return 1
    return compare(arguments[0])


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
