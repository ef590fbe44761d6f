-- session.lua - Wireshark dissector for Ringside's session protocol: the part that does not come from the schema.
--
-- The build puts the tables `prefix_bytes`, `enums`, `frames`, `position`, `keywords`, `events` and `requests` in front of it
-- (wire/generator/lua_dissector.py). All numbers are little-endian.

local PREFIX, FRAME_MAX, DEPTH_MAX = 16, 128 * 1024, 8
local session = Proto("ringside", "Ringside session protocol")
session.prefs.ports = Pref.range("Server ports", "42028", "TCP ports of Ringside servers", 65535)

local f_length = ProtoField.uint32("ringside.length", "Length")
local f_type = ProtoField.uint16("ringside.type", "Type", base.DEC, enums.FrameType.names)
local f_flags = ProtoField.uint16("ringside.flags", "Flags", base.HEX)
local f_id = ProtoField.uint64("ringside.id", "Id")
local f_keyword = ProtoField.string("ringside.keyword", "Keyword")
local f_argument = ProtoField.string("ringside.argument", "Argument")
session.fields = {f_length, f_type, f_flags, f_id, f_keyword, f_argument}
local e_malformed = ProtoExpert.new("ringside.malformed", "Malformed frame", expert.group.MALFORMED, expert.severity.ERROR)
session.experts = {e_malformed}

local WIDTH = {u16 = 2, u32 = 4, u64 = 8}
local MAKE = {[2] = ProtoField.uint16, [4] = ProtoField.uint32, [8] = ProtoField.uint64}

local made = {}
local function make_field(f)
  local enum = enums[f.type]
  local width = WIDTH[f.type] or enum.width
  local key = f.name .. width .. (enum and f.type or "")
  if not made[key] then
    local abbreviation = "ringside." .. f.name
    while made[abbreviation] do abbreviation = abbreviation .. "_" end
    made[abbreviation] = true
    made[key] = MAKE[width](abbreviation, f.name, (enum and enum.bits or width == 8) and base.HEX or base.DEC,
                            enum and not enum.bits and enum.names or nil)
    table.insert(session.fields, made[key])
  end
  f.width, f.field, f.bits = width, made[key], enum and enum.bits and enum.names
end
for _, frame in pairs(frames) do for _, f in ipairs(frame.fields) do make_field(f) end end
for _, f in ipairs(position.fields) do make_field(f) end

local function add_field(tree, f, tvb, base_offset)
  if tvb:len() < base_offset + f.offset + f.width then return end
  local range = tvb(base_offset + f.offset, f.width)
  local item = tree:add_le(f.field, range)
  if not f.bits then return end
  local names = {}
  for value, name in pairs(f.bits) do
    if bit.band(range:le_uint(), value) ~= 0 then names[#names + 1] = name end
  end
  table.sort(names)
  item:append_text(" " .. table.concat(names, "|"))
end

local function padded(bytes) return bytes + (-bytes) % 4 end

-- Arguments: u32 bytes, u16 count, u16 flags, then entries: u16 keyword, u8 type, u8 key length, u32 value or length.
local function add_arguments(tree, tvb, at, depth)
  if tvb:len() - at < 8 or depth > DEPTH_MAX then return end
  local bytes, count = tvb(at, 4):le_uint(), tvb(at + 4, 2):le_uint()
  if bytes < 8 or bytes > tvb:len() - at then
    tree:add_proto_expert_info(e_malformed, "Arguments of " .. bytes .. " bytes at offset " .. at)
    return
  end
  local branch, ends = tree:add(tvb(at, bytes), "Arguments (" .. count .. ")"), at + bytes
  at = at + 8
  for _ = 1, count do
    if ends - at < 8 then break end
    local keyword, kind, key_bytes = tvb(at, 2):le_uint(), tvb(at + 2, 1):uint(), tvb(at + 3, 1):uint()
    local name, value, data = keywords[keyword] or "keyword_" .. keyword, tvb(at + 4, 4), at + 8
    if keyword == 0 and ends - data >= padded(key_bytes) and key_bytes > 0 then
      name = tvb(data, key_bytes):string()
      data = data + padded(key_bytes)
    end
    local length = (kind == 6 or kind == 7) and value:le_uint() or 0
    if length > ends - data then break end
    local whole = tvb(at, data - at + math.min(padded(length), ends - data))
    local shown = (kind == 1 or kind == 3) and tostring(value:le_int()) or tostring(value:le_uint())
    if kind == 6 then shown = length > 0 and tvb(data, length):string() or "" end
    if kind == 7 then
      add_arguments(branch:add(whole, name), tvb, data, depth + 1)
    else
      branch:add(f_argument, whole, name .. " = " .. shown):set_text(name .. ": " .. shown)
    end
    at = data + padded(length)
  end
end

local function dissect_frame(tvb, pinfo, root)
  local kind = tvb(4, 2):le_uint()
  local name = enums.FrameType.names[kind] or "frame_" .. kind
  pinfo.cols.protocol = "Ringside"
  if pinfo.cols.info then pinfo.cols.info:append(" " .. name) end
  local tree = root:add(session, tvb(), "Ringside: " .. name)
  tree:add_le(f_length, tvb(0, 4))
  tree:add_le(f_type, tvb(4, 2))
  tree:add_le(f_flags, tvb(6, 2))
  tree:add_le(f_id, tvb(8, 8))
  local frame = frames[kind]
  if not frame or tvb:len() < frame.fixed then
    tree:add_proto_expert_info(e_malformed, "a frame that is not known, or shorter than its fixed part")
    return tvb:len()
  end
  for _, f in ipairs(frame.fields) do add_field(tree, f, tvb, 0) end
  local at = frame.fixed
  if frame.positions then
    for _ = 1, tvb(18, 2):le_uint() do
      if tvb:len() - at < position.bytes then break end
      local branch = tree:add(tvb(at, position.bytes), "Position")
      for _, f in ipairs(position.fields) do add_field(branch, f, tvb, at) end
      at = at + position.bytes
    end
  end
  if frame.arguments then add_arguments(tree, tvb, at, 1) end
  return tvb:len()
end

local function length_of(tvb, _, offset)
  local length = tvb(offset, 4):le_uint()
  return length >= PREFIX and length <= FRAME_MAX and length or tvb:len() - offset
end

function session.dissector(tvb, pinfo, root)
  pinfo.cols.info = "Ringside:"
  dissect_tcp_pdus(tvb, root, PREFIX, length_of, dissect_frame)
  return tvb:len()
end

local registered = ""
local function register_ports()
  local ports = DissectorTable.get("tcp.port")
  if registered ~= "" then ports:remove(registered, session) end
  registered = session.prefs.ports
  if registered ~= "" then ports:add(registered, session) end
end
function session.prefs_changed() register_ports() end
register_ports()
