# Perl's own parser over what stands on standard input, for checks.yaml.
# Perl runs a part of a program while it reads it: BEGIN and its like, what
# `use` calls, and attributes.  A program that may have more of that than
# modules by their names is not given to the parser.  Words count wherever they
# stand: what is a comment or a string, only the parser knows.
use strict;
use warnings;

sub runs_something {
    my ($text) = @_;
    return 1 if $text =~ /\b(?:BEGIN|UNITCHECK|CHECK|INIT|CORE|AUTOLOAD|
        (?:un)?import|VERSION)\b|ATTR|UNIVERSAL|overload/x;
    return 1 if $text =~ /\bsub\s+\w*(?:::|')/;
    return 1 if $text =~ /\b(?:sub|my|our|state)\b[^;{}=]*[^:]:\s*[A-Za-z]/;
    my $name = qr/[A-Za-z_][\w:]*|v?[\d._]+/;
    my $item = qr/'[^'\\]*'|"[^"\\\$\@]*"|[\d.]+|\w+(?=\s*=>)/;
    my $list = qr/qw\s*[(\/][^()\/]*[)\/]|$item(?:\s*(?:,|=>)\s*$item)*\s*,?/;
    while ($text =~ /(?:\A|[;{}:\n])\s*(?:use|no)\b/g) {
        my $rest = substr($text, pos $text);
        return 1 if $rest !~ /\A\s+(?:$name)(?:\s+v?[\d._]+)?
            \s*\(?\s*(?:$list)?\s*\)?\s*(?:;|\z)/x;
        return 1 if $rest =~ /\A\s+(?:lib|if|sigtrap|Inline|Attribute)\b/;
    }
    return 0;
}

sub check {
    my ($text) = @_;
    return "u\nk\tPerl would run a part of it to read it (BEGIN, use)"
        if runs_something($text);
    $text =~ s/\A#!/##/;
    pipe(my $in, my $out) or die "pipe: $!";
    my $writer = fork // die "fork: $!";
    if (!$writer) {
        close $in;
        print $out $text;
        close $out;
        require POSIX;
        POSIX::_exit(0);
    }
    close $out;
    open(my $save, "<&", \*STDIN) or die;
    open(STDIN, "<&", $in) or die;
    my $said = `"$^X" -c - 2>&1`;
    my $wrong = $?;
    open(STDIN, "<&", $save) or die;
    waitpid $writer, 0;
    return "u" if !$wrong;
    my ($missing) = $said =~ /^(Can't locate \S+)/m;
    return "u\nk\t$missing: no more was checked" if $missing;
    my ($message, $line) = $said =~ /^(.*?) at - line (\d+)/m;
    $message = $said if !defined $message;
    $message =~ s/\s+/ /g;
    return sprintf "e\t%d\t0\t%s", $line || 0, substr $message, 0, 500;
}

binmode STDIN;
binmode STDOUT;
my @out;
while (defined(my $size = do { my $s = ""; my $c;
        while (sysread(STDIN, $c, 1) && $c ne "\n") { $s .= $c }
        length $s ? $s : undef })) {
    my $text = "";
    1 while length($text) < $size &&
        sysread(STDIN, $text, $size - length $text, length $text);
    push @out, "f", check($text);
}
print join("\n", @out), "\nend\n";
