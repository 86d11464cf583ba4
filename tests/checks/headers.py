#!/usr/bin/env python3
"""Each public header compiles alone, as every C and C++ a program may be written in.

Argument: the build's include folder (for version.h)."""
import os
import shutil
import subprocess
import sys
import tempfile

import tree

HEADERS = ['aignehub/version.h', 'aignehub/aignehub.h', 'aignehub/gateway.h']
FLAGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Wundef', '-Werror',
         '-fsyntax-only']
C_ONLY = ['-Wstrict-prototypes', '-Wmissing-prototypes']
LANGUAGES = [('c', s) for s in ('c99', 'c11', 'c17')] + \
            [('c++', s) for s in ('c++11', 'c++17', 'c++20')]
COMPILERS = {'c': ['gcc', 'clang-14'], 'c++': ['g++', 'clang++-14']}


def main():
    includes = ['-I' + os.path.join(tree.ROOT, 'include'), '-I' + os.path.abspath(sys.argv[1])]
    report = tree.Report('headers')
    looked = 0
    with tempfile.TemporaryDirectory() as folder:
        for header in HEADERS:
            # twice: the guard must hold; with a use, so that the file is not empty for C
            source = os.path.join(folder, 'use.c')
            with open(source, 'w', encoding='utf-8') as f:
                f.write(f'#include <{header}>\n#include <{header}>\n'
                        'int use(void);\nint use(void)\n{\n    return AIGNE_VERSION_NUMBER > 0;\n}\n')
            for language, standard in LANGUAGES:
                for compiler in COMPILERS[language]:
                    if not shutil.which(compiler):
                        continue
                    extra = C_ONLY if language == 'c' else []
                    done = subprocess.run(
                        [compiler, f'-std={standard}', '-x', language, *FLAGS, *extra, *includes,
                         source], text=True, capture_output=True)
                    looked += 1
                    if done.returncode:
                        report.wrong(f'{header} as {standard} by {compiler}',
                                     done.stderr.strip().split('\n')[0])
    return report.done(f'{looked} compilations')


if __name__ == '__main__':
    sys.exit(main())
