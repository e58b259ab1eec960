-- Brings back what has come due, then leases the first jobs of the line.
local ready, delayed, leased, ranks = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, lease_until, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
for _, place in ipairs({ delayed, leased }) do
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', place, '-inf', now, 'LIMIT', 0, 1000)) do
        redis.call('ZREM', place, id)
        local rank = redis.call('HGET', ranks, id)
        if rank then
            redis.call('ZADD', ready, rank, id)
        end
    end
end
local ids = {}
local popped = redis.call('ZPOPMIN', ready, limit)
for at = 1, #popped, 2 do
    redis.call('ZADD', leased, lease_until, popped[at])
    ids[#ids + 1] = popped[at]
end
return ids
