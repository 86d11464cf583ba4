#!/usr/bin/env python3
"""What guides show is run: whole C programs, and blocks of shell marked for it.

A block that begins with ```sh run is run, with the others of its page in one shell that stops at the
first failure; ```sh background is started before. Arguments: the build folder's include folder, the
shared library, and the hub server where it was built."""
import os
import re
import socket
import subprocess
import sys

import guides_test
import snippets

FENCE = re.compile(r'^```(\w+)([^\n]*)\n(.*?)^```$', re.M | re.S)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def run_programs(path, text, include, library, work):
    """Each C block with a main: compiled, linked and run without arguments."""
    count = 0
    for language, _, body in FENCE.findall(text):
        if language != 'c' or 'int main(' not in body:
            continue
        count += 1
        source, program = os.path.join(work, 'main.c'), os.path.join(work, 'main')
        with open(source, 'w', encoding='utf-8') as f:
            f.write(body)
        folder = os.path.dirname(os.path.abspath(library))
        subprocess.run(['cc', *snippets.FLAGS, '-I' + os.path.join(snippets.ROOT, 'include'),
                        '-I' + include, source, '-o', program, library,
                        f'-Wl,-rpath,{folder}'], check=True)
        done = subprocess.run([program], text=True, capture_output=True, timeout=60)
        print(f'{path}: {done.stdout.strip()}{done.stderr.strip()}')
        if done.returncode or not done.stdout.strip():
            sys.exit(f'{path}: its program failed')
    return count


SHELL = """set -euo pipefail
server=
trap 'kill $server; wait $server || true' EXIT
%s >server.log 2>&1 & server=$!
for i in $(seq 100); do grep -q 'listening on' server.log && break; sleep 0.1; done
grep -q 'listening on' server.log || { cat server.log; exit 1; }
"""


def run_shell(path, text, hub, work):
    blocks = FENCE.findall(text)
    shown = [body for language, how, body in blocks if language == 'sh' and how.strip() == 'run']
    if not shown:
        return 0
    before = [body.strip() for _, how, body in blocks if how.strip() == 'background']
    script = (SHELL % before[0] if before else 'set -euo pipefail\n') + '\n'.join(shown)
    script = script.replace('127.0.0.1:8787', f'127.0.0.1:{free_port()}')
    environment = {k: v for k, v in os.environ.items() if not k.startswith('AIGNE_')}
    environment['PATH'] = os.path.dirname(os.path.abspath(hub)) + ':' + os.environ['PATH']
    environment['no_proxy'] = '127.0.0.1'
    done = subprocess.run(['bash', '-c', script], cwd=work, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          stdin=subprocess.DEVNULL)
    print(done.stdout)
    if done.returncode:
        sys.exit(f'{path}: its commands failed with exit code {done.returncode}')
    return len(shown)


def main():
    include, library = os.path.abspath(sys.argv[1]), sys.argv[2]
    programs = commands = 0
    for page in guides_test.markdown():
        with open(page, encoding='utf-8') as f:
            text = f.read()
        with snippets.workshop() as work:
            name = os.path.relpath(page, snippets.ROOT)
            programs += run_programs(name, text, include, library, work)
            if len(sys.argv) > 3:
                commands += run_shell(name, text, sys.argv[3], work)
    print(f'{programs} programs and {commands} blocks of commands ran')
    return 0 if programs else 1


if __name__ == '__main__':
    sys.exit(main())
