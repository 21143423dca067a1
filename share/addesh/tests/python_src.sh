# SPDX-License-Identifier: MIT
# python_src.sh COMMAND [WORD...]: runs it so that Python finds the packages of
# the project in src/, which no environment has installed, or as they were
# before their sources changed.
if ls src/*/__init__.py >/dev/null 2>&1; then
	export PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}"
fi
exec "$@"
