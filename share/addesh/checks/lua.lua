local out = {}
-- Lua's own compiler over what stands on standard input, for checks.yaml:
-- nothing of it is run, and nothing that was compiled before is taken.
-- (Of a program that begins with a comment, lua -e takes the dash for an
-- option.)

local function check(source)
  if source:sub(1, 1) == "#" then
    source = "--" .. source
  end
  if source:sub(1, 1) == "\27" then
    out[#out + 1] = "e\t0\t0\tit is compiled Lua, and no text"
    return
  end
  local compile = loadstring or load
  local chunk, why = compile(source, "=checked")
  if chunk then
    out[#out + 1] = "u"
    return
  end
  local line, message = why:match("^checked:(%d+): (.*)$")
  out[#out + 1] = ("e\t%s\t0\t%s"):format(line or 0,
    (message or why):gsub("%s+", " "))
end

while true do
  local size = io.read("*l")
  if not size then
    break
  end
  out[#out + 1] = "f"
  check(tonumber(size) > 0 and io.read(tonumber(size)) or "")
end
io.write(table.concat(out, "\n"), "\nend\n")
