#!/usr/bin/env python3
"""Functions that the library must not call, in its sources and in what the built library imports.

With a path to the shared library as argument, its imports are checked too."""
import re
import subprocess
import sys

import tree

# Memory goes through base/mem.h; text is bounded; time and numbers have house functions.
OUTSIDE_BASE = {
    'malloc', 'calloc', 'realloc', 'reallocarray', 'free', 'strdup', 'strndup', 'strcpy', 'strcat',
    'strncpy', 'strncat', 'sprintf', 'vsprintf', 'asprintf', 'vasprintf', 'strtol', 'strtoll',
    'strtoul', 'strtoull', 'strtod', 'atoi', 'atol', 'atoll', 'atof', 'strtok', 'strtok_r',
    'sscanf', 'fscanf', 'scanf', 'gets', 'gmtime', 'gmtime_r', 'localtime', 'localtime_r', 'mktime',
    'strftime', 'rand', 'srand', 'random', 'srandom', 'alloca', 'assert',
}
# Process manners: a library never does these to its host.
NOWHERE = {
    'exit', '_exit', '_Exit', 'quick_exit', 'abort', 'atexit', 'on_exit', 'signal', 'sigaction',
    'setlocale', 'uselocale', 'printf', 'vprintf', 'fprintf', 'vfprintf', 'puts', 'putchar', 'fputs',
    'perror', 'system', 'popen', 'fork', 'vfork', 'chdir', 'umask', 'setenv', 'putenv', 'unsetenv',
    'curl_global_init_mem', 'sqlite3_config', 'srand', 'setrlimit', 'syslog', 'tmpnam', 'mktemp',
}
# Allowed in the files named and nowhere else.
ONE_PLACE = {
    'getenv': {'lib/core/environment.c'},
    'secure_getenv': {'lib/core/environment.c'},
}
CALL = re.compile(r'(?<![\w.>])([A-Za-z_]\w*)\s*\(')
FLOAT = re.compile(r'\b(float|double)\b')


def check_sources(report):
    looked = 0
    readers = set()
    for path in tree.files('lib'):
        looked += 1
        in_base = path.startswith('lib/base/')
        for number, line in enumerate(tree.bare(tree.read(path)).split('\n'), 1):
            where = f'{path}:{number}'
            if FLOAT.search(line):
                report.wrong(where, 'money and counts are integers: no floating point')
            for name in CALL.findall(line):
                if name in NOWHERE:
                    report.wrong(where, f'{name} is the host\'s business, never a library\'s')
                elif name in OUTSIDE_BASE and not in_base:
                    report.wrong(where, f'{name} is banned outside lib/base')
                elif name in ONE_PLACE:
                    readers.add(path)
                    if path not in ONE_PLACE[name]:
                        report.wrong(where, f'{name} belongs in {sorted(ONE_PLACE[name])} only')
    if len(readers) > 1:
        report.wrong('lib', f'the environment is read in several files: {sorted(readers)}')
    return looked


# The compiler's own stack and buffer checks end the process by these; nobody calls them.
FORTIFIED = re.compile(r'^__(\w+)_chk$')


def check_imports(report, library):
    text = subprocess.run(['nm', '-D', '--undefined-only', library], check=True, text=True,
                          capture_output=True).stdout
    names = {line.split()[-1].split('@')[0] for line in text.split('\n') if line.strip()}
    for name in sorted(names):
        plain = FORTIFIED.sub(r'\1', name)
        if plain in NOWHERE or name in NOWHERE:
            report.wrong(library, f'imports {name}')
    return len(names)


def main():
    report = tree.Report('banned')
    looked = f'{check_sources(report)} files'
    for library in sys.argv[1:]:
        looked += f', {check_imports(report, library)} imports'
    return report.done(looked)


if __name__ == '__main__':
    sys.exit(main())
