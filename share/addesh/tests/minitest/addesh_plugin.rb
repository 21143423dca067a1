# SPDX-License-Identifier: MIT
# A plugin of minitest that also writes what became of each test, in the form of
# JUnit's XML, to the directory ADDESH_REPORT: a file for each process.

module Minitest
  class AddeshReporter < AbstractReporter
    def initialize
      @cases = []
      @count = Hash.new(0)
    end

    def record(result)
      @cases << result
    end

    # What XML cannot hold becomes a question mark.
    def text(s)
      s = s.to_s.dup.force_encoding("UTF-8").scrub("?")
      s.gsub(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/, "?")
       .gsub("&", "&amp;").gsub("<", "&lt;").gsub(">", "&gt;")
       .gsub('"', "&quot;").gsub("\n", "&#10;")
    end

    def failure(f)
      tag = case f
            when Skip then "skipped"
            when UnexpectedError then "error"
            else "failure"
            end
      @count[tag] += 1
      file, line = f.location.to_s.split(":")
      [file, line, "<#{tag} message=\"#{text(f.message.lines.first(6).join)}\">" \
       "#{text((f.backtrace || []).first(40).join("\n"))}</#{tag}>"]
    end

    def testcase(r)
      source, at = r.respond_to?(:source_location) ? r.source_location : nil
      file, line, inner = r.failure ? failure(r.failure) : nil
      file, line = source, at if !line || line.to_i.zero?
      klass = r.respond_to?(:klass) ? r.klass : r.class.name
      "<testcase classname=\"#{text(klass)}\" name=\"#{text(r.name)}\" " \
        "time=\"#{format("%.6f", r.time)}\" file=\"#{text(file)}\" " \
        "line=\"#{line.to_i}\">#{inner}</testcase>\n"
    end

    def report
      dir = ENV["ADDESH_REPORT"] or return
      Dir.mkdir(dir) unless Dir.exist?(dir)
      body = @cases.map { |r| testcase(r) }.join
      File.write("#{dir}/minitest-#{Process.pid}.xml",
                 "<testsuite name=\"minitest\" tests=\"#{@cases.size}\" " \
                 "failures=\"#{@count["failure"]}\" errors=\"#{@count["error"]}\" " \
                 "skipped=\"#{@count["skipped"]}\">\n#{body}</testsuite>\n")
    end
  end

  def self.plugin_addesh_init(_options)
    reporter << AddeshReporter.new
  end
end
