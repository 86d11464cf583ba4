#!/usr/bin/env python3
"""Every C file is as clang-format 14 would write it. Skipped (77) where that tool is missing."""
import os
import shutil
import subprocess
import sys

import tree


def main():
    tool = shutil.which('clang-format-14')
    if not tool:
        print('skipped: clang-format-14 is not installed')
        return 77
    paths = tree.files('lib', 'include', 'examples', 'tests')
    done = subprocess.run([tool, '--dry-run', '-Werror', '--ferror-limit=3'] + paths, cwd=tree.ROOT,
                          text=True, capture_output=True)
    wrong = sorted({line.split(':')[0] for line in done.stderr.split('\n') if ': error:' in line})
    for path in wrong:
        print(f'{path}: not formatted; run: clang-format-14 -i {path}')
    print(f'format: {len(paths)} files, {len(wrong)} problems')
    return 1 if done.returncode else 0


if __name__ == '__main__':
    os.chdir(tree.ROOT)
    sys.exit(main())
