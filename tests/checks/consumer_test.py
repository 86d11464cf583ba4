#!/usr/bin/env python3
"""Programs of strangers build against the installed library, shared and static, and as a subproject.

Argument: the build folder, which must be built."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

import tree

SOURCE = os.path.join(tree.ROOT, 'tests', 'checks', 'consumer.c')
FLAGS = ['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror']
SUBPROJECT = """project('consumer', 'c')
executable('consumer', 'consumer.c', dependencies: subproject('aignehub').get_variable('aignehub_dep'))
"""


def run(*command, **options):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **options)
    if done.returncode:
        print(' '.join(command))
        sys.exit(f'{done.stdout[-4000:]}\nfailed with exit code {done.returncode}')
    return done.stdout.strip()


def install(build, destination):
    """Install, and write the .pc file's prefix anew, as a package manager that unpacks it would see."""
    run('meson', 'install', '-C', build, '--no-rebuild', '--destdir', destination)
    found = glob.glob(f'{destination}/**/pkgconfig/aignehub.pc', recursive=True)
    if len(found) != 1:
        sys.exit(f'expected one aignehub.pc, found {found}')
    with open(found[0], encoding='utf-8') as f:
        lines = f.read().split('\n')
    prefix = next(line.split('=', 1)[1] for line in lines if line.startswith('prefix='))
    lines = [line.replace(f'={prefix}', f'={destination}{prefix}', 1) for line in lines]
    with open(found[0], 'w', encoding='utf-8') as f:
        f.write('\n'.join(lines))
    return os.path.dirname(found[0]), destination + prefix


def pkg_config(folder, *arguments):
    return run('pkg-config', *arguments,
               env=dict(os.environ, PKG_CONFIG_PATH=folder)).split()


def check_installed_files(prefix):
    for pattern in ('include/aignehub/aignehub.h', 'include/aignehub/gateway.h',
                    'include/aignehub/version.h', '**/man3/aigne_call_next.3*',
                    '**/man7/aignehub.7*', '**/libaignehub.so.0', '**/libaignehub.a'):
        if not glob.glob(os.path.join(prefix, pattern), recursive=True):
            sys.exit(f'not installed: {pattern}')


def check_shared(work, pc):
    program = os.path.join(work, 'shared')
    flags = pkg_config(pc, '--cflags', '--libs', 'aignehub')
    if any(f in ('-lcurl', '-lsqlite3', '-lsodium', '-ljson-c') for f in flags):
        sys.exit(f'the shared library drags its own libraries into programs: {flags}')
    run('cc', *FLAGS, SOURCE, '-o', program, *flags)
    folder = pkg_config(pc, '--variable=libdir', 'aignehub')[0]
    run(program, env=dict(os.environ, LD_LIBRARY_PATH=folder))
    needed = run('readelf', '-d', program)
    if 'libaignehub.so.0' not in needed:
        sys.exit('the program does not name libaignehub.so.0')


def check_static(work, pc):
    """What `pkg-config --static` names beyond our own list belongs to those libraries' own static
    builds, which need not be installed; ours must name each library that ours calls."""
    program = os.path.join(work, 'static')
    flags = pkg_config(pc, '--static', '--libs', 'aignehub')
    own = ['-lcurl', '-ljson-c', '-lsqlite3', '-lsodium']
    for library in own:
        if library not in flags:
            sys.exit(f'pkg-config --static does not name {library}: {flags}')
    folder = pkg_config(pc, '--variable=libdir', 'aignehub')[0]
    run('cc', *FLAGS, *pkg_config(pc, '--cflags', 'aignehub'), SOURCE, '-o', program,
        os.path.join(folder, 'libaignehub.a'), *own, '-pthread')
    run(program)
    if 'libaignehub' in run('readelf', '-d', program):
        sys.exit('the static program still needs the shared library')


def check_subproject(work):
    project = os.path.join(work, 'project')
    os.makedirs(os.path.join(project, 'subprojects'))
    shutil.copy(SOURCE, project)
    with open(os.path.join(project, 'meson.build'), 'w', encoding='utf-8') as f:
        f.write(SUBPROJECT)
    os.symlink(tree.ROOT, os.path.join(project, 'subprojects', 'aignehub'))
    build = os.path.join(work, 'build')
    run('meson', 'setup', build, project, '-Doptimization=0', '-Ddebug=false')
    run('ninja', '-C', build, 'consumer')
    run(os.path.join(build, 'consumer'))


def main():
    with tempfile.TemporaryDirectory(prefix='aignehub-consumer-') as work:
        pc, prefix = install(sys.argv[1], os.path.join(work, 'root'))
        check_installed_files(prefix)
        check_shared(work, pc)
        check_static(work, pc)
        check_subproject(work)
    print('consumer: shared, static and as a subproject')
    return 0


if __name__ == '__main__':
    sys.exit(main())
