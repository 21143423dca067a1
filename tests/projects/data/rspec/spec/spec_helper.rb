require "simplecov"
SimpleCov.start { add_filter "/spec/" }

require "calc"
