-- Gives charges back, each to the window that was charged and to no other.
--
-- KEYS     for each charge the hash that its counter is in
-- ARGV[1]  packed as in charge.lua, for each: where the window is (when it ends in seconds, or the number of the part), its
--          stamp, and the amount
-- ARGV[2…] the counters' fields
--
-- Whether the window is over is told by the counter: only a charge moves it on. So no clock is asked. Counters look as
-- charge.lua says.

local call, pack, unpack, byte, sub = redis.call, struct.pack, struct.unpack, string.byte, string.sub

-- What is left of an amount of one number or of two, not below zero; and what was given, of one number.
local function left(large, value, at, high, low)
  if not large then
    local used = unpack('<d', value, at)
    local left = math.max(used - (high * 1e9 + low), 0)
    return pack('<d', left), used - left
  end
  local used_high, used_low = unpack('<dd', value, at)
  high, low = used_high - high, used_low - low
  if low < 0 then high, low = high - 1, low + 1e9 end
  if high < 0 then high, low = 0, 0 end
  return pack('<dd', high, low)
end

-- The counter with the charge given back; nothing if it is in another window, `false` if it is no counter.
local function refunded(value, position, stamp, high, low)
  local kind, numbers = byte(value), (#value - 1) / 8
  if #value == 24 or #value == 32 then
    local to, of = unpack('<dd', value)
    if to ~= position or of ~= stamp then return nil end
    return sub(value, 1, 16) .. left(#value == 32, value, 17, high, low)
  elseif (kind ~= 83 and kind ~= 115) or numbers < 4 or numbers ~= math.floor(numbers) then
    return false
  end
  local latest, of = unpack('<dd', value, 2)
  local back, large = latest - position, kind == 83
  local known = large and (numbers - 2) / 2 or numbers - 3
  if of ~= stamp or back < 0 or back >= known then return nil end
  local at = large and 18 + 16 * back or 26 + 8 * back
  local part, given = left(large, value, at, high, low)
  value = sub(value, 1, at - 1) .. part .. sub(value, at + #part)
  if large or back == 0 then return value end
  return sub(value, 1, 17) .. pack('<d', unpack('<d', value, 18) - given) .. sub(value, 26)
end

local request, at = ARGV[1], 1
for i = 1, #KEYS do
  local position, stamp, high, low
  position, stamp, high, low, at = unpack('<dddd', request, at)
  local value = call('HGET', KEYS[i], ARGV[i + 1])
  local after = value and refunded(value, position, stamp, high, low)
  if after then
    call('HSET', KEYS[i], ARGV[i + 1], after)
  elseif value and after == false then
    return redis.error_reply('UNREADABLE counter ' .. i .. ' is not what this store writes')
  end
end
return 1
