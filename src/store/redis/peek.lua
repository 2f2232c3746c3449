-- Reads counters, and whether an approval was used. It changes nothing.
--
-- KEYS     for each counter the hash that it is in, and behind them the mark of the approval if there is one
-- ARGV[1]  how many counters there are
-- ARGV[2…] their fields
--
-- The answer is that of charge.lua to one call: the time, a status (c1), 'a' the approval was used, else 'e', and then, also
-- if it was used, every counter.

local call = redis.call
local time = call('TIME')
local count, status = tonumber(ARGV[1]), 'e'
local answer = {}
for i = 1, count do
  local value = call('HGET', KEYS[i], ARGV[i + 1])
  if value and #value < 24 then
    return redis.error_reply('UNREADABLE counter ' .. i .. ' is not what this store writes')
  end
  answer[i] = value and string.char(math.floor(#value / 8)) .. value or '\0'
end
if #KEYS > count and call('EXISTS', KEYS[count + 1]) == 1 then status = 'a' end
return struct.pack('<ddc1', time[1], time[2], status) .. table.concat(answer)
