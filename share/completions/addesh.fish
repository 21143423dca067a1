# Completion of addesh for fish: addesh itself knows what can follow.

function __addesh_complete
	set -l line (commandline -cp | string replace -r '^\s*\S+\s+' '')
	addesh --complete "$line" 2>/dev/null
end

complete -c addesh -f -a '(__addesh_complete)'
