# SPDX-License-Identifier: MIT
"""Three programs in each language: one that works, one that fails while it
runs, and one that cannot be compiled.

    works	prints "works ARGV1" and what it reads from stdin in capitals
    fails	prints "before", then fails; `says` is in its stderr
    broken	is no program of the language: nothing of it may run, and
		`complains` is in what the compiler says
"""


class Language:
    def __init__(self, program, file, works, fails, says, broken, complains,
                 compiled=False):
        self.program = program    # that a host has where it has the language
        self.file = file
        self.works = works
        self.fails = fails
        self.says = says
        self.broken = broken
        self.complains = complains
        self.compiled = compiled    # by a phase of its own, before the run


LANGUAGES = {
    "python": Language(
        "python3", "main.py",
        "import sys\nprint('works', sys.argv[1])\n"
        "print(sys.stdin.read().upper(), end='')\n",
        "print('before')\n1 / 0\n", "ZeroDivisionError",
        "print('ran')\ndef f(:\n", "SyntaxError"),
    "javascript": Language(
        "node", "main.js",
        "console.log('works', process.argv[2]);\n"
        "process.stdout.write(require('fs').readFileSync(0, 'utf8')"
        ".toUpperCase());\n",
        "console.log('before');\nnull.x;\n", "TypeError",
        "console.log('ran');\nlet = = 1;\n", "SyntaxError"),
    "typescript": Language(
        "tsc", "main.ts",
        "const p = (globalThis as any).process;\n"
        "const name: string = p.argv[2];\n"
        "console.log('works', name);\n"
        "p.stdin.setEncoding('utf8');\n"
        "p.stdin.on('data', (s: string) => "
        "p.stdout.write(s.toUpperCase()));\n",
        "console.log('before');\nthrow new Error('thrown');\n",
        "Error: thrown",
        "console.log('ran');\nconst n: number = 'text';\n", "TS2322"),
    "shell": Language(
        "sh", "main.sh",
        "echo works $1\ntr a-z A-Z\n",
        "echo before\necho said >&2\nexit 3\n", "said",
        "if then fi (\necho ran\n", "yntax error"),
    "ruby": Language(
        "ruby", "main.rb",
        "puts \"works #{ARGV[0]}\"\nprint STDIN.read.upcase\n",
        "puts 'before'\nraise 'raised'\n", "raised",
        "puts 'ran'\ndef f(\n", "syntax error"),
    "go": Language(
        "go", "main.go",
        "package main\nimport (\n\"fmt\"\n\"io\"\n\"os\"\n\"strings\"\n)\n"
        "func main() {\n"
        "fmt.Println(\"works\", os.Args[1])\n"
        "b, _ := io.ReadAll(os.Stdin)\n"
        "fmt.Print(strings.ToUpper(string(b)))\n}\n",
        "package main\nimport \"fmt\"\nfunc main() {\n"
        "fmt.Println(\"before\")\nvar p *int\nfmt.Println(*p)\n}\n",
        "nil pointer dereference",
        "package main\nfunc main() { undefined() }\n", "undefined",
        compiled=True),
    "java": Language(
        "java", "Main.java",
        "import java.util.Scanner;\n"
        "public class Main { public static void main(String[] a) {\n"
        "System.out.println(\"works \" + a[0]);\n"
        "Scanner s = new Scanner(System.in);\n"
        "while (s.hasNextLine())\n"
        "System.out.println(s.nextLine().toUpperCase());\n} }\n",
        "public class Main { public static void main(String[] a) {\n"
        "System.out.println(\"before\");\n"
        "throw new RuntimeException(\"thrown\");\n} }\n", "thrown",
        "public class Main { public static void main(String[] a) {\n"
        "int n = \"text\";\n} }\n", "incompatible types"),
    "c": Language(
        "gcc", "main.c",
        "#include <ctype.h>\n#include <stdio.h>\n"
        "int main(int n, char **v) {\n"
        "printf(\"works %s\\n\", v[1]);\nint c;\n"
        "while ((c = getchar()) != EOF) putchar(toupper(c));\n}\n",
        "#include <stdio.h>\n#include <stdlib.h>\nint main(void) {\n"
        "puts(\"before\");\nfflush(stdout);\n"
        "fputs(\"said\\n\", stderr);\nabort();\n}\n", "said",
        "int main(void) { return undefined; }\n", "undeclared",
        compiled=True),
    "cpp": Language(
        "g++", "main.cpp",
        "#include <algorithm>\n#include <iostream>\n#include <string>\n"
        "int main(int, char **v) {\n"
        "std::cout << \"works \" << v[1] << \"\\n\";\n"
        "for (std::string s; std::getline(std::cin, s);) {\n"
        "std::transform(s.begin(), s.end(), s.begin(), ::toupper);\n"
        "std::cout << s << \"\\n\"; }\n}\n",
        "#include <iostream>\n#include <stdexcept>\nint main() {\n"
        "std::cout << \"before\" << std::endl;\n"
        "throw std::runtime_error(\"thrown\");\n}\n", "thrown",
        "int main() { int n = \"text\"; }\n", "invalid conversion",
        compiled=True),
    "rust": Language(
        "rustc", "main.rs",
        "use std::io::Read;\nfn main() {\n"
        "println!(\"works {}\", std::env::args().nth(1).unwrap());\n"
        "let mut s = String::new();\n"
        "std::io::stdin().read_to_string(&mut s).unwrap();\n"
        "print!(\"{}\", s.to_uppercase());\n}\n",
        "fn main() {\nprintln!(\"before\");\npanic!(\"panicked here\");\n}\n",
        "panicked here",
        "fn main() { let n: i32 = \"text\"; }\n", "mismatched types",
        compiled=True),
    "perl": Language(
        "perl", "main.pl",
        "print \"works $ARGV[0]\\n\";\nprint uc while <STDIN>;\n",
        "$| = 1;\nprint \"before\\n\";\ndie \"died\";\n", "died",
        "print \"ran\\n\";\nmy $x = ;\n", "syntax error"),
    "php": Language(
        "php", "main.php",
        "<?php\necho \"works $argv[1]\\n\";\n"
        "echo strtoupper(stream_get_contents(STDIN));\n",
        "<?php\necho \"before\\n\";\nfwrite(STDERR, \"said\\n\");\n"
        "exit(3);\n", "said",
        "<?php\necho \"ran\\n\";\nfunction (\n", "error"),
    "lua": Language(
        "lua", "main.lua",
        "print('works ' .. arg[1])\nio.write(io.read('a'):upper())\n",
        "print('before')\nio.stdout:flush()\nerror('raised')\n", "raised",
        "print('ran')\nlocal = 1\n", "expected"),
    "r": Language(
        "Rscript", "main.R",
        "cat('works', commandArgs(TRUE)[1], '\\n', sep=' ')\n"
        "cat(toupper(readLines('stdin')), sep='\\n')\ncat('\\n')\n",
        "cat('before\\n')\nstop('stopped')\n", "stopped",
        # R reads a script as it goes
        "f <- function( {\n", "unexpected"),
}
