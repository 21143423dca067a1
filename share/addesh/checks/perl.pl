# Perl's own parser over what stands on standard input, for checks.yaml.
# Perl runs a part of a program while it reads it: BEGIN and its like, what
# `use` loads and calls, attributes, and what it calls of its own library.  A
# program that may have more of that than the modules below is not given to the
# parser.  Words count wherever they stand: what is a comment or a string, only
# the parser knows.
use strict;
use warnings;

# Modules of Perl itself that neither load nor run what they are given.
my %quiet = map { $_ => 1 } qw(strict warnings utf8 vars integer bytes feature
    experimental constant locale sort re mro version POSIX Carp Config Cwd
    Data::Dumper Digest::MD5 Digest::SHA Encode English Errno Fcntl
    File::Basename File::Copy File::Find File::Path File::Spec
    File::Spec::Functions File::Temp FindBin Getopt::Long Getopt::Std HTTP::Tiny
    IO::File IO::Handle IO::Select IO::Socket IO::Socket::INET IPC::Open2
    IPC::Open3 JSON::PP List::Util MIME::Base64 Math::Trig Pod::Usage
    Scalar::Util Socket Storable Symbol Sys::Hostname Term::ANSIColor Test::More
    Text::ParseWords Text::Wrap Time::HiRes Time::Local Time::Piece
    Unicode::Normalize);
# Those that would load what they are given.
my %alone = map { $_ => 1 } qw(autodie bigint bignum Math::BigFloat
    Math::BigInt);
my $blank = qr/(?>(?:\s+|#[^\n]*\n)*)/;

# The code of s///e begins behind a delimiter, which may be any byte, where the
# words are not seen otherwise.
sub begins_in_substitution {
    my ($text) = @_;
    my $word = qr/(?:[^\S\n]*(?:use|no)|package|class|sub|BEGIN|UNITCHECK|
        CHECK|INIT)\b/x;
    return $text =~ /(?<![\$\@\w])s(?:$blank(?!\w)|(?:\s|\#[^\n]*\n)+)
            ([^\s{(<\[])(?:\\.|(?!\1)[^\\])*+\1$word/xs ||
        ($text =~ /(?<![\$\@\w])s${blank}[{(<\[]/ &&
            $text =~ /[\])}>](?:\#|$blank[^\s\#;{}:])$word/x);
}

# Subs in a package of Perl's library may be called while it is read.
sub is_of_library {
    my ($package) = @_;
    $package =~ s/'/::/g;
    $package =~ s/\A(?:main)?:://;
    return 1 if $package =~ /\A(?:DB|Internals|PerlIO|Regexp)\b/;
    $package =~ s|::|/|g;
    return grep { !ref && $_ ne '.' && -e "$_/$package.pm" } @INC;
}

sub runs_something {
    my ($text) = @_;
    # Perl would read it as UTF-16.
    return 1 if $text =~ /\0|\A(?:\xfe\xff|\xff\xfe)/;
    return 1 if $text =~ /\b(?:BEGIN|UNITCHECK|CHECK|INIT|CORE|AUTOLOAD|
        (?:un)?import|VERSION)\b|ATTR|UNIVERSAL|overload/x;
    return 1 if $text =~ /\bsub\b$blank[\w:]*(?:::|')/;
    return 1 if $text =~ /\b(?:sub|my|our|state)\b[^;{}=]*[^:]:\s*[A-Za-z]/;
    # A property of characters that is a sub; a class that is loaded.
    return 1 if $text =~ /\\[pP]\{[^}]*I[ns]|:\s*isa\b/;
    return 1 if begins_in_substitution($text);
    while ($text =~ /\b(?:package|class)\b$blank([\w:']+)/g) {
        return 1 if is_of_library($1);
    }
    my $name = qr/[A-Za-z_][\w:]*|v?[\d._]+/;
    my $item = qr/'[^'\\]*'|"[^"\\\$\@]*"|[\d.]+|\w+(?=\s*=>)/;
    my $list = qr/qw\s*[(\/][^()\/]*[)\/]|$item(?:\s*(?:,|=>)\s*$item)*\s*,?/;
    while ($text =~ /(?:\A|[;{}:\n])\s*(?:use|no)\b/g) {
        my $rest = substr($text, pos $text);
        return 1 if $rest !~ /\A\s+($name)(?:\s+v?[\d._]+)?
            \s*[({]?\s*($list)?\s*[)}]?\s*(?:;|\z)/x;
        return 1 if !($1 =~ /\Av?[\d._]+\z/ || $quiet{$1} ||
            ($alone{$1} && !defined $2));
    }
    return 0;
}

sub check {
    my ($text) = @_;
    $text =~ s/\A\xef\xbb\xbf//;
    return "u\nk\tPerl would run a part of it to read it (BEGIN, use)"
        if runs_something($text);
    # It would take switches from the one, and places from the other.
    $text =~ s/\A(\s*:?\s*)#!/$1##/;
    $text =~ s/^#(?=[ \t]*line\b)/##/mg;
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

delete @ENV{qw(PERL5LIB PERL5OPT PERL5DB PERL_USE_UNSAFE_INC)};
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
