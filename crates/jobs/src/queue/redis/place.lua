-- Puts a job where its row says, wherever it was before.
local ready, delayed, leased, ranks = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, id, rank, due = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
redis.call('HSET', ranks, id, rank)
redis.call('ZREM', ready, id)
redis.call('ZREM', delayed, id)
redis.call('ZREM', leased, id)
if tonumber(due) <= now then
    redis.call('ZADD', ready, rank, id)
else
    redis.call('ZADD', delayed, due, id)
end
