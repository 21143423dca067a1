# Ruby's own parser over what stands on standard input, for checks.yaml:
# nothing of it is run.
require "ripper"

WANTED = ARGV[0].split
$out = []

# Words are of the text, which must not write lines of this answer.
def say(*words)
  $out << words.map { |w| w.to_s.b.tr("\t\r\n", " ") }.join("\t")
end

# The first token below a node, which says where it is.
def place(node)
  return node[2] if node[0].is_a?(Symbol) && node[0].to_s.start_with?("@")
  node.each do |n|
    found = n.is_a?(Array) && place(n)
    return found if found
  end
  nil
end

def dotted(node)
  return "" unless node.is_a?(Array) && node[0].is_a?(Symbol)
  case node[0]
  when :@ident, :@const, :@kw, :@ivar, :@gvar then node[1]
  when :vcall, :var_ref, :fcall, :const_ref, :var_field, :top_const_ref
    dotted(node[1])
  when :const_path_ref, :call, :field
    last = node[0] == :const_path_ref ? node[2] : node[3]
    dotted(node[1]) + "." + (last == :call ? "call" : dotted(last))
  when :method_add_arg, :command then dotted(node[1])
  else ""
  end
end

# The content of a string without anything computed in it, or nil.
def text(node)
  return unless node.is_a?(Array) && node[0] == :string_literal
  parts = node[1].is_a?(Array) ? node[1].drop(1) : []
  return "" if parts.empty?
  parts[0][1] if parts.size == 1 && parts[0][0] == :@tstring_content
end

def fixed?(node)
  return true unless node.is_a?(Array)
  return node.all? { |n| fixed?(n) } unless node[0].is_a?(Symbol)
  return text(node) != nil if node[0] == :string_literal
  # nil, true, __FILE__
  return true if node[0] == :var_ref && node[1][0] == :@kw &&
                 node[1][1] != "self"
  return false if %i[vcall fcall call command command_call var_ref
                     method_add_arg string_embexpr].include?(node[0])
  node.drop(1).all? { |n| fixed?(n) }
end

# The arguments of a call, or an empty list: a block alone is none.
def listed(node)
  node = node[1] while node.is_a?(Array) &&
                       %i[arg_paren args_add_block].include?(node[0])
  return [] unless node.is_a?(Array)
  node[0].is_a?(Symbol) ? [node] : node
end

# "&" where there is none; "=a.b()" for one that is a call.
def words(arguments)
  all = listed(arguments)
  return ["&"] if all.empty?
  all.map { |a| "=" + (a[0] == :method_add_arg ? dotted(a) + "()" : "") }
end

def call(node, name, arguments, at)
  return unless WANTED.include?(name.split(".").last)
  say("c", at[0], at[1] + 1, name, fixed?(arguments) ? 1 : 0,
      *words(arguments))
end

def string(value, name, at)
  return if value.nil? || value.size < 6 || value.size > 4096
  return unless name || (value.size >= 20 && !value.include?(" ")) ||
                value.include?("://")
  say("s", at[0], at[1] + 1, name || "-", value.unpack1("H*"))
end

def name_of(node)
  case node && node[0]
  when :@ident, :@const, :@ivar, :@gvar, :@cvar then node[1].delete("@$")
  when :@label then node[1].delete(":")
  when :string_literal then text(node)&.gsub(/[^\w-]/, "")
  when :symbol_literal, :symbol, :var_field, :field, :aref_field, :dyna_symbol
    name_of(node.reverse.find { |n| n.is_a?(Array) && n[0].is_a?(Symbol) } ||
            node.last.is_a?(Array) && node.last[1])
  when :args_add_block then name_of(node[1]&.first)
  end
end

def walk(root)
  todo = [root]
  names = {}.compare_by_identity
  called = {}.compare_by_identity # with its arguments, a node above
  until todo.empty?
    node = todo.pop
    next unless node.is_a?(Array)
    case node[0]
    when :assign, :assoc_new
      names[node[2]] = name_of(node[1]) if node[2].is_a?(Array)
    when :method_add_arg
      called[node[1]] = true
      call(node, dotted(node[1]), node[2], place(node[1]) || [0, 0])
    when :command
      call(node, dotted(node[1]), node[2], place(node[1]) || [0, 0])
      if %w[require require_relative load].include?(dotted(node[1]))
        inner = node[2].flatten
        at = inner.index(:@tstring_content)
        say("i", *place(node).then { |l, c| [l, c + 1] }, inner[at + 1]) if at
      end
    when :command_call
      call(node, dotted([:call, *node[1..3]]), node[4],
           place(node[3]) || [0, 0])
    when :xstring_literal
      call(node, "`", node[1], place(node) || [0, 0])
    when :call, :vcall
      call(node, dotted(node), nil, place(node) || [0, 0]) unless called[node]
    when :string_literal
      string(text(node), names[node], place(node)) if place(node)
    end
    node.each { |n| todo << n if n.is_a?(Array) }
  end
end

def check(source)
  source.force_encoding("UTF-8")
  begin
    RubyVM::InstructionSequence.compile(source)
  rescue SyntaxError => e
    lines = e.message.lines
    first = lines.find { |l| l =~ /:\d+: / } || lines[0].to_s
    number = first[/:(\d+): /, 1] || first[/:(\d+)/, 1] || 0
    mark = lines.find { |l| l =~ /^\s*\^/ }
    message = first.sub(/^.*?:\d+: /, "").split.join(" ")
    say("e", number, mark ? mark.index("^") + 1 : 0, message)
    return
  rescue ArgumentError, EncodingError => e
    say("e", 0, 0, e.message.split.join(" "))
    return
  end
  tree = Ripper.sexp(source)
  tree ? walk(tree) : $out << "u"
rescue SystemStackError
  say("e", 0, 0, "it is nested too deeply for Ruby's parser")
end

$stdin.binmode
$VERBOSE = nil
while (size = $stdin.gets)
  $out << "f"
  check($stdin.read(size.to_i) || +"")
end
$stdout.binmode
$stdout.write($out.map { |l| l.dup.force_encoding("BINARY") }.join("\n"),
              "\nend\n")
