use strict;
use warnings;
use lib 'lib';
use Test::More tests => 5;
use Calc;

is(Calc::add(1, 2), 3, 'adds');
is(Calc::div(6, 3), 2, 'divides');
is(Calc::add(1, 2), 4, 'wrong sum');

SKIP: {
    skip 'not today', 1;
    fail('is skipped');
}

TODO: {
    local $TODO = 'integers only';
    is(Calc::div(1, 2), 0, 'fails as expected');
}
