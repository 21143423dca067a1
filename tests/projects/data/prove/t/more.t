use strict;
use warnings;
use Test::More;

ok(1, 'passes');
done_testing;
