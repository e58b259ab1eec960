-- Lines up the jobs that are not known yet; a job that is known stays where it is.
local ready, delayed, ranks = KEYS[1], KEYS[2], KEYS[4]
local now = tonumber(ARGV[1])
local new = 0
for at = 2, #ARGV, 3 do
    local id, rank, due = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    if redis.call('HSETNX', ranks, id, rank) == 1 then
        new = new + 1
        if tonumber(due) <= now then
            redis.call('ZADD', ready, rank, id)
        else
            redis.call('ZADD', delayed, due, id)
        end
    end
end
return new
