# SPDX-License-Identifier: MIT
# package_script.sh PROGRAM [WORD...] -- [ARG...]: runs PROGRAM with the WORDs,
# with those that package.json's script "test" has for it, as what it requires
# and which files it takes, and with the ARGs.  Files among these stand in the
# place of the script's.
PATH=$PWD/node_modules/.bin:$PATH

read_script='
const { readFileSync } = require("fs");
const [program, ...given] = process.argv.slice(1);
const own = given.slice(0, given.indexOf("--"));
const args = given.slice(own.length + 1);

// Values follow these; and these say what is reported, which is ours to say.
const valued = new RegExp("^(-[cfgjrstuC]|--(require|timeout|ui|grep|fgrep|" +
  "slow|jobs|config|extension|file|ignore|exclude|retries|import|loader|" +
  "experimental-loader|package|env|testEnvironment|rootDir|root|dir|project|" +
  "projects|selectProjects|maxWorkers|maxConcurrency|testTimeout|test[A-Z].*|" +
  "setupFiles.*|pool|mode|environment|reporters?|reporter-options?|" +
  "outputFile|coverage[.A-Z].*)|-[RO])$");
const ours = new RegExp("^(-[RO]|--(reporters?|reporter-options?|outputFile|" +
  "json|watch|watchAll|coverage([.A-Z].*)?))(=|$)");
const subcommands = ["run", "watch", "dev"];

// Of a shell, as they are written; null: it is more than one command.
function words(text) {
  const all = text.match(
    /(?:[^\s"\u0027\\]|\\.|"(?:[^"\\]|\\.)*"|\u0027[^\u0027]*\u0027)+/g) || [];
  const bare = all.join(" ").replace(/"[^"]*"|\u0027[^\u0027]*\u0027/g, "");
  return /[|<>&()`$"\u0027]/.test(bare) ? null : all;
}

// Every command of a script, with those of the scripts that it runs.
function commands(scripts, name, depth) {
  const found = [];
  for (const part of (scripts[name] || "").split(/&&|\|\||;/)) {
    const run = /^\s*(?:npm|yarn|pnpm)\s+(?:run(?:-script)?\s+)?(?:-\S+\s+)*(\S+)\s*$/
      .exec(part);
    if (run && depth && scripts[run[1]])
      found.push(...commands(scripts, run[1], depth - 1));
    else
      found.push(part);
  }
  return found;
}

function isProgram(word) {
  return word === program || new RegExp("(^|/)_?" + program +
    "(/bin/" + program + ")?(\\.m?js)?$").test(word);
}

// [variables, options, files] of the one command that runs the program.
function find(scripts) {
  const found = [];
  for (const part of commands(scripts, "test", 3)) {
    const all = words(part) || [];
    const at = all.findIndex(isProgram);
    if (at >= 0 && !all.slice(0, at).includes("run"))
      found.push([all, at]);
  }
  if (found.length !== 1)
    return [[], [], []];
  const [all, at] = found[0];
  const before = all.slice(0, at), node = before.indexOf("node");
  const variables = before.filter(w => /^[A-Za-z_]\w*=/.test(w));
  const flags = node < 0 ? [] : before.slice(node + 1);
  if (flags.length)
    variables.push("NODE_OPTIONS=\"" + flags.join(" ") + "\"");
  return [variables, ...divide(all.slice(at + 1), true)];
}

function divide(list, theirs) {
  const options = [], files = [];
  for (let i = 0; i < list.length; i++) {
    const taken = valued.test(list[i]) && i + 1 < list.length ? 2 : 1;
    const pair = list.slice(i, i + taken);
    if (theirs && ours.test(list[i]))
      ;
    else if (list[i].startsWith("-") && list[i] !== "--")
      options.push(...pair);
    else if (!theirs || !subcommands.includes(list[i]))
      files.push(list[i]);
    i += taken - 1;
  }
  return [options, files];
}

const quote = w => "\u0027" + w.replace(/\u0027/g, "\u0027\\\u0027\u0027") +
  "\u0027";
const scripts = JSON.parse(readFileSync("package.json", "utf8")).scripts || {};
const [variables, options, files] = find(scripts);
const chosen = divide(args, false)[1];
console.log(["env", ...variables, program, ...own.map(quote), ...options,
  ...args.map(quote), ...(chosen.length ? [] : files)].join(" "));
'

run() {
	program=$1
	shift
	for word do
		shift
		test "$word" = -- || set -- "$@" "$word"
	done
	exec "$program" "$@"
}

# Most scripts are the program's name and nothing else.
if ! test -f package.json ||
    grep -q "\"test\" *: *\"$1\( run\)\{0,1\}\"" package.json; then
	run "$@"
fi
command=$(node -e "$read_script" -- "$@" 2>/dev/null) || run "$@"
eval "exec $command"
