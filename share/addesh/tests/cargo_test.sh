# SPDX-License-Identifier: MIT
# cargo_test.sh cargo test [WORD...]: a file among the words stands for the
# tests that it has, in the package below whose directory it is.
package=

for word do
	shift
	for part in src tests; do
		top=${word%%/$part/*}
		test "$top" != "$word" && test -f "$top/Cargo.toml" || continue
		word=${word#"$top"/}
		test "$top" = "$package" ||
			set -- "$@" --manifest-path "$top/Cargo.toml"
		package=$top
	done
	case $word in
	tests/*.rs)
		word=${word#tests/} word=${word%.rs}
		set -- "$@" --test "${word%%/*}" ;;
	src/lib.rs)
		set -- "$@" --lib ;;
	src/main.rs)
		set -- "$@" --bins ;;
	src/bin/*.rs)
		word=${word#src/bin/} word=${word%.rs}
		set -- "$@" --bin "${word%%/*}" ;;
	src/*.rs)
		word=${word#src/} word=${word%.rs}
		set -- "$@" "$(echo "${word%/mod}::" | sed 's,/,::,g')" ;;
	*)
		set -- "$@" "$word" ;;
	esac
done
exec "$@" >"$ADDESH_REPORT"
