package Calc;
use strict;
use warnings;

sub add { my ($a, $b) = @_; return $a + $b }
sub div { my ($a, $b) = @_; return $a / $b }

sub never {
    my ($a) = @_;
    return $a;
}

1;
