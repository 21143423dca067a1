# SPDX-License-Identifier: MIT
# cargo_test.sh cargo test [WORD...]: a file among the words stands for the
# tests that it has.

for word do
	shift
	case $word in
	tests/*.rs)
		word=${word#tests/} word=${word%.rs}
		set -- "$@" --test "${word%%/*}" ;;
	src/lib.rs)
		set -- "$@" --lib ;;
	src/main.rs)
		set -- "$@" --bins ;;
	src/*.rs)
		word=${word#src/} word=${word%.rs}
		set -- "$@" "$(echo "${word%/mod}::" | sed 's,/,::,g')" ;;
	*)
		set -- "$@" "$word" ;;
	esac
done
exec "$@" >"$ADDESH_REPORT"
