# SPDX-License-Identifier: MIT
# go_test.sh go test [WORD...]: a file among the words stands for its package,
# and one of tests for those that it has; without files and packages all are
# tested.
all=./... names=

for word do
	shift
	case $word in
	*.go)
		all=
		if test -f "$word"; then
			names=$names$(sed -nE \
			    's/^func ((Test|Example|Fuzz)[^( ]*)\(.*/|\1/p' \
			    "$word" | tr -d '\n')
			case $word in /*) ;; *) word=./$word ;; esac
			word=${word%/*}
		fi ;;
	./* | */...)
		all= ;;
	esac
	set -- "$@" "$word"
done
exec "$@" ${names:+-run "^(${names#?})\$"} $all >"$ADDESH_REPORT"
