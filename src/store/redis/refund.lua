-- Gives charges back, each to the window that was charged and to no other.
--
-- KEYS     the counters
-- ARGV[1]  packed as in charge.lua, for each: the position of the window (when it began in seconds, or the number of the
--          part), its stamp, and the amount
--
-- Whether the window is over is told by the counter: only a charge moves it on. So no clock is asked. Counters look as
-- charge.lua says.

local call, pack, unpack, byte = redis.call, struct.pack, struct.unpack, string.byte

-- Not below zero.
local function minus(high, low, amount_high, amount_low)
  high, low = high - amount_high, low - amount_low
  if low < 0 then high, low = high - 1, low + 1e9 end
  if high < 0 then return 0, 0 end
  return high, low
end

local request, at = ARGV[1], 1
for i = 1, #KEYS do
  local position, stamp, high, low
  position, stamp, high, low, at = unpack('>dddd', request, at)
  local value = call('GET', KEYS[i])
  local known = value and byte(value, 2) or 0
  if value and #value == 41 and byte(value) == 102 then
    local from, to, of, used_high, used_low = unpack('>ddddd', value, 2)
    if from == position and of == stamp then
      high, low = minus(used_high, used_low, high, low)
      call('SET', KEYS[i], pack('>c1ddddd', 'f', from, to, of, high, low), 'KEEPTTL')
    end
  elseif value and byte(value) == 115 and #value == 18 + 16 * known then
    local latest, of = unpack('>dd', value, 3)
    local back = latest - position
    if of == stamp and back >= 0 and back < known then
      local part = 19 + 16 * back
      local used_high, used_low = unpack('>dd', value, part)
      local changed = pack('>dd', minus(used_high, used_low, high, low))
      call('SET', KEYS[i], value:sub(1, part - 1) .. changed .. value:sub(part + 16), 'KEEPTTL')
    end
  elseif value then
    return redis.error_reply('UNREADABLE counter ' .. i .. ' is not what this store writes')
  end
end
return 1
