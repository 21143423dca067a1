# SPDX-License-Identifier: MIT
# prove_report.pl [--cover=FILE] REPORT [FILE...]: runs the tests (t/*.t) as
# prove -l does, and writes what became of each to REPORT, in the form of JUnit's
# XML; to --cover what Devel::Cover has measured, as a tracefile of lcov.

use strict;
use warnings;
use TAP::Harness;

my ($cover) = @ARGV && $ARGV[0] =~ /^--cover=(.+)/s ? ($1, shift) : ();
my $report = shift @ARGV;
my @files = @ARGV ? @ARGV : sort glob 't/*.t';
my (@cases, $failures, $errors, $skipped) = ();
$failures = $errors = $skipped = 0;

# What XML cannot hold becomes a question mark.
sub text {
	my $s = shift // '';
	$s =~ s/[^\t\n\r\x20-\x7e]/?/g;
	$s =~ s/&/&amp;/g; $s =~ s/</&lt;/g; $s =~ s/"/&quot;/g;
	$s =~ s/\n/&#10;/g;
	return $s;
}

sub add {
	my ($file, $name, $line, $inner, $place) = @_;
	push @cases, sprintf qq{<testcase classname="%s" name="%s" } .
	    qq{file="%s"%s>%s</testcase>\n}, text($file), text($name),
	    text($place || $file), $line ? qq{ line="$line"} : '', $inner;
}

# The first file of the project that is named in what Perl said, and its line.
sub where {
	my ($said) = @_;
	while ($said =~ / at (\S+) line (\d+)/g) {
		return ($1, $2) if -f $1 && $1 !~ m{^/};
	}
	return (undef, 0);
}

# A test, and what was said of it afterwards: "at t/a.t line 9."
sub one {
	my ($file, $test, $said) = @_;
	my $name = $test->description || 'test ' . $test->number;
	$name =~ s/^- //;
	if ($test->has_skip) {
		$skipped++;
		add($file, $name, 0, sprintf '<skipped message="%s"/>',
		    text($test->explanation));
	} elsif ($test->has_todo && !$test->is_actual_ok) {
		$skipped++;
		add($file, $name, 0, sprintf
		    '<skipped type="pytest.xfail" message="%s"/>',
		    text($test->explanation));
	} elsif (!$test->is_ok) {
		my ($line) = $said =~ /at \Q$file\E line (\d+)/;
		$failures++;
		add($file, $name, $line, sprintf '<failure message="%s"/>',
		    text($said || $test->raw));
	} else {
		add($file, $name, 0, '');
	}
}

# A line was carried out if one of its statements was.
sub write_cover {
	require Devel::Cover::DB;
	my $db = Devel::Cover::DB->new(db => "$cover.db")->merge_runs->cover;
	open my $out, '>', $cover or die "$cover: $!\n";
	for my $file ($db->items) {
		my $lines = $db->file($file)->statement or next;
		print $out "SF:$file\n";
		for my $line ($lines->items) {
			my ($count) = sort { $b <=> $a }
			    map { $_->covered } @{$lines->location($line)};
			print $out "DA:$line,$count\n";
		}
		print $out "end_of_record\n";
	}
	close $out or die "$cover: $!\n";
}

# The tests themselves are not what they cover.
my @switches = $cover ? ('-MDevel::Cover=-db,' . $cover .
    '.db,-silent,1,-coverage,statement,+ignore,^t/') : ();
my $harness = TAP::Harness->new({
	lib => ['lib'], verbosity => 0, merge => 1, switches => \@switches});
$harness->callback(made_parser => sub {
	my ($parser, $job) = @_;
	my ($last, $said, $noise) = (undef, '', '');
	my $settle = sub {
		one($job->[0], $last, $said) if $last;
		($last, $said) = (shift, '');
	};
	$parser->callback(test => $settle);
	$parser->callback(comment => sub {
		my $text = shift->comment;
		$said .= "$text\n" if length $said < 4000;
	});
	$parser->callback(unknown => sub {
		my $text = shift->raw;
		$noise .= "$text\n" if length $noise < 4000;
	});
	$parser->callback(EOF => sub {
		my $p = shift;
		my @why = $p->parse_errors;
		$settle->(undef);
		push @why, 'exit status ' . $p->exit
		    if $p->exit && !$p->failed && !@why;
		push @why, 'killed by signal ' . ($p->wait & 127)
		    if $p->wait && $p->wait & 127;
		if (!@why && defined $p->skip_all) {
			$skipped++;
			add($job->[0], 'the file', 0, sprintf
			    '<skipped message="%s"/>', text($p->skip_all));
		}
		return if !@why;
		$errors++;
		print STDERR "\n$job->[0]:\n$noise" if $noise ne '';
		my ($first) = $noise =~ /^(.*\S.*)$/m;
		my ($place, $line) = where($noise);
		unshift @why, $first if defined $first;
		add($job->[0], 'the file', $line, sprintf(
		    '<error message="%s"/>', text(join "\n", @why)), $place);
	});
});
my $all = $harness->runtests(@files);
open my $out, '>', $report or die "$report: $!\n";
printf $out qq{<testsuite name="prove" tests="%d" failures="%d" errors="%d" } .
    qq{skipped="%d">\n}, scalar @cases, $failures, $errors, $skipped;
print $out @cases, "</testsuite>\n";
close $out or die "$report: $!\n";
write_cover() if $cover;
# A file that is skipped has no test that passed.
exit($failures || $errors || $all->has_errors ? 1 : 0);
