#!/usr/bin/env python3
"""Runs clang-tidy over the sources of a build folder, two at a time: tidy.py BUILD_FOLDER

A file that was clean is not looked at again until it, a header of the project, or the configuration changes: what
was clean is remembered under the user's cache folder by the content's hash.
"""
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'pixie' / 'tidy'


def project_headers(source, seen):
    """The project's own headers that `source` includes, directly or not."""
    for line in source.read_text().splitlines():
        if not line.startswith('#include "'):
            continue
        header = ROOT / 'src' / line.split('"')[1]
        if header.exists() and header not in seen:
            seen.add(header)
            project_headers(header, seen)
    return seen


def key_of(source):
    digest = hashlib.sha256((ROOT / '.clang-tidy').read_bytes())
    for path in [source, *sorted(project_headers(source, set()))]:
        digest.update(path.read_bytes())
    return CACHE / digest.hexdigest()[:32]


def check(build, source):
    key = key_of(source)
    if key.exists():
        return 'unchanged', ''
    ran = subprocess.run(['clang-tidy-19', '-p', str(build), '--quiet', str(source)], capture_output=True, text=True)
    if ran.returncode == 0:
        CACHE.mkdir(parents=True, exist_ok=True)
        key.touch()
        return 'clean', ''
    return 'faulty', ran.stdout + ran.stderr


def main():
    build = Path(sys.argv[1]).resolve()
    commands = json.loads((build / 'compile_commands.json').read_text())
    sources = sorted({Path(c['file']) for c in commands if Path(c['file']).is_relative_to(ROOT / 'src')})
    sources = [s for s in sources if s.suffix == '.cc' and not s.stem.endswith(('_test', '_fuzz'))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        results = list(pool.map(lambda source: check(build, source), sources))
    for _, text in results:
        print(text, end='')
    counts = [state for state, _ in results]
    print(f'{len(sources)} files: ' + ', '.join(f'{counts.count(s)} {s}' for s in ('clean', 'unchanged', 'faulty')))
    return 1 if 'faulty' in counts or not sources else 0


if __name__ == '__main__':
    sys.exit(main())
