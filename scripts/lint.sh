#!/usr/bin/env bash
# Style, types and layers of everything, in the order that fails fastest. `make lint` sets the paths.
set -euo pipefail
cd "$(dirname "$0")/.."

ruff format --check .
ruff check .
mypy
lint-imports
forge fmt --check
npm run --silent lint -w frontend
npm run --silent typecheck -w frontend
