require "simplecov"
SimpleCov.start { add_filter "/test/" }

require "minitest/autorun"
require "calc"

class CalcTest < Minitest::Test
  def test_adds
    sleep 0.06; assert_equal 3, Calc.add(1, 2)
  end

  def test_divides
    assert_equal 2, Calc.div(6, 3)
  end

  def test_wrong_sum
    assert_equal 4, Calc.add(1, 2)
  end

  def test_raises
    raise IOError, "no such place"
  end

  def test_skipped
    skip "not today"
  end
end
