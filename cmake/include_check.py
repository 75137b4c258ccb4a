#!/usr/bin/env python3
"""Checks the written direction of dependencies: which folder of src/ may include which.

What a folder may use stands in CMakeLists.txt (pixie_module NAME DEPS...). Beyond that: only net includes
the I/O library, nothing includes app, and the engines (tftp, dhcp, http, doctor) stay free of sockets, files and clocks.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IO_LIBRARY = re.compile(r'<(boost/(asio|beast)|sys/epoll)')
SOCKETS = re.compile(r'<(sys/socket|netinet/|unistd|fcntl|fstream|filesystem|sys/)')
SANS_IO = {'tftp', 'dhcp', 'http', 'doctor'}
IO_FOLDERS = {'net'}


def allowed_includes():
    """folder -> the folders whose headers it may include, taken from the build."""
    direct = {}
    for match in re.finditer(r'^pixie_module\(([^)]*)\)', (ROOT / 'CMakeLists.txt').read_text(), re.M):
        name, *uses = match.group(1).split()
        direct[name] = set(uses)

    def closure(name):
        result = {name}
        for used in direct.get(name, ()):
            result |= closure(used)
        return result
    return {name: closure(name) for name in direct}


def faults_in(path, folder, allowed):
    test = path.stem.endswith(('_test', '_fuzz', '_bench', '_sim', '_session')) or path.stem == 'testing'
    for number, line in enumerate(path.read_text().splitlines(), 1):
        include = re.match(r'\s*#include\s+(<[^>]+>|"[^"]+")', line)
        if not include:
            continue
        what = include.group(1)
        target = what[1:-1].split('/')[0]
        if what.startswith('"') and target not in allowed[folder]:
            yield f'{path.relative_to(ROOT)}:{number}: {folder} may not include {target}'
        if IO_LIBRARY.match(what) and folder not in IO_FOLDERS:
            yield f'{path.relative_to(ROOT)}:{number}: only {", ".join(sorted(IO_FOLDERS))} include the I/O library'
        if folder in SANS_IO and SOCKETS.match(what) and not test:
            yield f'{path.relative_to(ROOT)}:{number}: {folder} is an engine: bytes and the time go in, no I/O'
        if target == 'app' and folder != 'app':
            yield f'{path.relative_to(ROOT)}:{number}: nothing includes app'


def main():
    allowed = allowed_includes()
    faults, count = [], 0
    for path in sorted((ROOT / 'src').rglob('*')):
        if path.suffix not in ('.h', '.cc'):
            continue
        count += 1
        faults += faults_in(path, path.relative_to(ROOT / 'src').parts[0], allowed)
    print('\n'.join(faults) if faults else f'{count} files include only what they may')
    return 1 if faults or count == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
