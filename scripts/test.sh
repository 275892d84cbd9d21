#!/usr/bin/env bash
# Every test: Python, contracts through Ape, contracts through forge, web. `make test` sets the paths.
# Most tests of Python wait for a process, so a file of them runs on each core.
set -euo pipefail
cd "$(dirname "$0")/.."

printf '\033[1m==>\033[0m Python\n'
pytest -q -n auto --dist loadfile
printf '\033[1m==>\033[0m Contracts through Ape\n'
ape test tests/contracts -q
printf '\033[1m==>\033[0m Contracts through forge\n'
forge test
printf '\033[1m==>\033[0m Web app\n'
npm run --silent test -w frontend
