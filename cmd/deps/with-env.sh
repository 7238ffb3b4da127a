#!/usr/bin/env bash
# with-env.sh COMMAND ARG... runs a command in the environment env.sh prints.
set -euo pipefail
environment=$("$(dirname "$0")/env.sh")
eval "$environment"
exec "$@"
