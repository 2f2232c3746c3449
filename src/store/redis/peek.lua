-- Reads counters, and whether an approval was used. It changes nothing.
--
-- KEYS     the counters, and behind them the mark of the approval if there is one
-- ARGV[1]  how many counters there are
--
-- The answer is packed as that of charge.lua. Its status: 2 the approval was used, else 1.

local call = redis.call
local time = call('TIME')
local count, status = tonumber(ARGV[1]), 1
local answer = {}
for i = 1, count do answer[i] = call('GET', KEYS[i]) or '-' end
if #KEYS > count and call('EXISTS', KEYS[count + 1]) == 1 then status = 2 end
return struct.pack('>Bdd', status, time[1], time[2]) .. table.concat(answer)
