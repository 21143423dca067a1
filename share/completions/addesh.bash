# Completion of addesh for bash: addesh itself knows what can follow.

_addesh()
{
	local line=${COMP_LINE:0:COMP_POINT} cur=${COMP_WORDS[COMP_CWORD]}
	local word prefix

	line=${line#"${line%%[![:space:]]*}"}
	line=${line#*[[:space:]]}
	mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" --complete "$line" \
	    2>/dev/null | cut -f 1)
	# readline replaces only what stands behind the last of its word breaks
	word=${line##*[[:space:]]}
	[[ $cur == [=:] ]] && cur=
	prefix=${word%"$cur"}
	COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

complete -F _addesh addesh
