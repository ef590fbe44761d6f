-- ged188.lua - Wireshark dissector for the CTI Server protocol (GED-188): the part that does not come from the schema.
--
-- The build puts the tables `messages`, `fields`, `tags` and `enums` in front of it (wire/generator/lua_dissector.py).
-- A field of a message is {name, type, bytes, since, ...}. The width of floating headers belongs to the connection: it is
-- taken from the OPEN_REQ seen on it, else from the preference.

local HEADER, BODY_MAX = 8, 12492
local ged188 = Proto("ged188", "CTI Server protocol (GED-188)")

ged188.prefs.ports = Pref.range("Server ports", "42027,43027", "TCP ports of CTI Servers", 65535)
ged188.prefs.version = Pref.uint("Version", 25, "Protocol version of connections whose OPEN_REQ was not captured")

local message_names = {}
for number, message in pairs(messages) do message_names[number] = message.name end

local f_length = ProtoField.uint32("ged188.message_length", "MessageLength")
local f_type = ProtoField.uint32("ged188.message_type", "MessageType", base.DEC, message_names)
local f_version = ProtoField.uint32("ged188.version", "Version of the connection")
local f_tag = ProtoField.uint16("ged188.tag", "Tag", base.DEC, tags)
local f_field_length = ProtoField.uint16("ged188.field_length", "FieldLength")
local f_unknown = ProtoField.bytes("ged188.unknown", "Unknown field")
local f_body = ProtoField.bytes("ged188.body", "Body (layout not published)")
local f_leftover = ProtoField.bytes("ged188.leftover", "Left over")
local f_named = ProtoField.string("ged188.named", "Named data")
ged188.fields = {f_length, f_type, f_version, f_tag, f_field_length, f_unknown, f_body, f_leftover, f_named}

local e_malformed = ProtoExpert.new("ged188.malformed", "Malformed message", expert.group.MALFORMED, expert.severity.ERROR)
ged188.experts = {e_malformed}

-- One ProtoField per name and type: fields[i] = {abbreviation, name, type, enum}.
local proto_fields = {}
for i, f in ipairs(fields) do
  local abbreviation, name, kind, values = "ged188." .. f[1], f[2], f[3], f[4] and enums[f[4]]
  local make = ({UCHAR = ProtoField.uint8, USHORT = ProtoField.uint16, BOOL = ProtoField.uint16, SHORT = ProtoField.int16,
                 UINT = ProtoField.uint32, INT = ProtoField.int32})[kind]
  if kind == "TIME" then
    proto_fields[i] = ProtoField.absolute_time(abbreviation, name, base.UTC)
  elseif kind == "STRING" or kind == "NAMEDVAR" or kind == "NAMEDARRAY" then
    proto_fields[i] = ProtoField.string(abbreviation, name)
  elseif kind == "UNSPEC" then
    proto_fields[i] = ProtoField.bytes(abbreviation, name)
  elseif values and values.mask then
    proto_fields[i] = make(abbreviation, name, base.HEX)
  else
    proto_fields[i] = make(abbreviation, name, base.DEC, values)
  end
  table.insert(ged188.fields, proto_fields[i])
end

local f_stream = Field.new("tcp.stream")
local versions = {}  -- by TCP stream: the version that its OPEN_REQ asked for
function ged188.init() versions = {} end

local function header_half(version) return version >= 20 and 2 or 1 end

local function mask_names(values, number)
  local names = {}
  for bit_value, name in pairs(values.bits) do
    if bit.band(number, bit_value) ~= 0 then names[#names + 1] = name end
  end
  table.sort(names)
  return table.concat(names, "|")
end

-- A number, text or raw bytes; `f` is an entry of a message's table.
local function add_value(tree, f, range)
  local kind, size = fields[f.id][3], range:len()
  if kind == "STRING" then return tree:add(proto_fields[f.id], range, size > 0 and range:stringz() or "") end
  if kind == "UNSPEC" then return tree:add(proto_fields[f.id], range) end
  if kind == "TIME" and size == 4 then return tree:add(proto_fields[f.id], range) end
  if size ~= 1 and size ~= 2 and size ~= 4 then return tree:add(f_unknown, range) end
  local signed = (kind == "INT" or kind == "SHORT")
  local item = tree:add(proto_fields[f.id], range, signed and range:int() or range:uint())
  local values = fields[f.id][4] and enums[fields[f.id][4]]
  if values and values.mask then item:append_text(" " .. mask_names(values, range:uint())) end
  return item
end

-- name NUL value NUL, with an index byte in front in arrays.
local function add_named(tree, f, range)
  local raw, index = range:bytes():raw(), ""
  if fields[f.id][3] == "NAMEDARRAY" and #raw > 0 then
    index = "[" .. raw:byte(1) .. "]"
    raw = raw:sub(2)
  end
  local name, value = raw:match("^([^%z]*)%z?([^%z]*)")
  return tree:add(f_named, range, name .. index .. " = " .. value)
end

local function add_floating(tree, message, body, at, version)
  local half = header_half(version)
  while body:len() - at >= 2 * half do
    local tag, length = body(at, half):uint(), body(at + half, half):uint()
    if tag == 0 or length > body:len() - at - 2 * half then break end
    local f, range = message.floating[tag], length > 0 and body(at + 2 * half, length)
    local whole = body(at, 2 * half + length)
    local branch = tree:add(whole, (f and fields[f.id] and fields[f.id][2] or "tag_" .. tag))
    branch:add(f_tag, body(at, half))
    branch:add(f_field_length, body(at + half, half))
    if range and f and (fields[f.id][3] == "NAMEDVAR" or fields[f.id][3] == "NAMEDARRAY") then
      branch:set_text(fields[f.id][2] .. ": " .. add_named(branch, f, range).text:gsub("^Named data: ", ""))
    elseif range and f then
      branch:set_text(add_value(branch, f, range).text)
    elseif range then
      branch:append_text(": " .. branch:add(f_unknown, range).text)
    end
    at = at + 2 * half + length
  end
  return at
end

local function contains(list, value)
  for _, x in ipairs(list) do if x == value then return true end end
  return false
end

-- The printed form of the fixed part that this body has: believed, or another one (the schema's doubts).
local function choose_fixed(message, body, version)
  for _, v in ipairs(message.variants or {}) do
    local fits = body:len() >= v.bytes and (not v.version or v.version == version)
    if fits and v.lengths then fits = contains(v.lengths, body:len()) end
    if fits and v.value_at then
      if header_half(version) == 1 then
        fits = contains(v.narrow, body(v.value_at, 1):uint())
      else
        fits = contains(v.wide, body(v.value_at, 2):uint())
      end
    end
    if fits then return v.fixed end
  end
  return message.fixed
end

local function add_fixed(tree, fixed, body, version)
  local at = 0
  for _, f in ipairs(fixed) do
    if f.since <= version then
      if body:len() - at < f.bytes then return at, false end
      add_value(tree, f, body(at, f.bytes))
      at = at + f.bytes
    end
  end
  return at, true
end

local function dissect_body(tree, message, body, version)
  local at, whole = add_fixed(tree, choose_fixed(message, body, version), body, version)
  if whole then at = add_floating(tree, message, body, at, version) end
  if at < body:len() then
    tree:add(f_leftover, body(at, body:len() - at))
    tree:add_proto_expert_info(e_malformed, whole and "bytes left over at offset " .. at or "fixed part too short")
  elseif not whole then
    tree:add_proto_expert_info(e_malformed, "fixed part too short")
  end
end

local function dissect_message(tvb, pinfo, root)
  local number = tvb(4, 4):uint()
  local message = messages[number]
  local name = message and message.name or "type_" .. number
  local stream = f_stream() and f_stream().value or -1
  local body = tvb:len() > HEADER and tvb(HEADER, tvb:len() - HEADER):tvb() or nil
  if number == 3 and body and body:len() >= 8 then
    local asked = body(4, 4):uint()
    if asked > 0 and asked < 100 then versions[stream] = asked end
  end
  local version = versions[stream] or ged188.prefs.version
  pinfo.cols.protocol = "GED-188"
  if pinfo.cols.info then pinfo.cols.info:append(" " .. name) end
  local tree = root:add(ged188, tvb(), "CTI Server: " .. name)
  tree:add(f_length, tvb(0, 4))
  tree:add(f_type, tvb(4, 4))
  tree:add(f_version, version):set_generated()
  if tvb(0, 4):uint() > BODY_MAX then
    tree:add_proto_expert_info(e_malformed, "MessageLength above " .. BODY_MAX)
  elseif message and message.fixed then
    dissect_body(tree, message, body or ByteArray.new():tvb("empty body"), version)
  elseif body then
    tree:add(f_body, body())
  end
  return tvb:len()
end

-- A length that no message has: the rest of what is there is shown as one broken message.
local function length_of(tvb, _, offset)
  local length = tvb(offset, 4):uint()
  return length <= BODY_MAX and length + HEADER or tvb:len() - offset
end

function ged188.dissector(tvb, pinfo, root)
  pinfo.cols.info = "CTI Server:"
  dissect_tcp_pdus(tvb, root, HEADER, length_of, dissect_message)
  return tvb:len()
end

local registered = ""
local function register_ports()
  local ports = DissectorTable.get("tcp.port")
  if registered ~= "" then ports:remove(registered, ged188) end
  registered = ged188.prefs.ports
  if registered ~= "" then ports:add(registered, ged188) end
end
function ged188.prefs_changed() register_ports() end
register_ports()
