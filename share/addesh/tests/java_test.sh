# SPDX-License-Identifier: MIT
# java_test.sh mvn|gradle [WORD...]: a file among the words stands for the class
# of its name.
tool=$1 classes=

for word do
	shift
	case $tool,$word in
	mvn,*.java)
		word=${word##*/}
		classes=${classes:+$classes,}${word%.java} ;;
	*,*/java/*.java)
		word=${word#*/java/}
		set -- "$@" --tests "$(echo "${word%.java}" | tr / .)" ;;
	*,*.java)
		word=${word##*/}
		set -- "$@" --tests "*${word%.java}" ;;
	*)
		set -- "$@" "$word" ;;
	esac
done
exec "$@" ${classes:+"-Dtest=$classes"}
